"""What pairs are worth by one measure, whether they may be made or not: for comparing two sets of pairs."""

from __future__ import annotations

from collections.abc import Iterable

from services.matching.engine import index as arrays
from services.matching.engine import market, scoring


def weights(whole: market.Market, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The fused weight (10⁵ = a score of 1) of pairs of numbers, without any bonus, all rules left aside.

    Raises InvalidMarket; KeyError for a number the market does not have.
    """
    index = arrays.build(whole)
    rows = {number: row for row, number in enumerate(index.left.numbers)}
    columns = {number: column for column, number in enumerate(index.right.numbers)}
    found = {}
    for mentee, mentor in pairs:
        row, column = rows[mentee], columns[mentor]
        fused = scoring.fit(index, slice(row, row + 1), slice(column, column + 1))
        found[mentee, mentor] = int(fused[0, 0])
    return found

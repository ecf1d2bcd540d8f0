"""Deferred acceptance: pairs that nobody can improve on together.

Mentees ask in the order of what a mentor is worth to them, a mentor keeps whoever is worth most to them
(D. Gale and L. Shapley, College admissions and the stability of marriage, 1962). The mentees' best stable
pairs; no mentee gains by stating other wishes than their own.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine import index as arrays
from services.matching.engine import scoring, sides
from services.matching.engine.forms import found
from services.matching.engine.forms.found import Found
from services.matching.engine.state import NOBODY, Wide

LISTED = (64, 512)
"""How many wishes are listed at first and then; after that all that are left."""
ROWS = 256

Last = tuple[np.float32, int, int]


@dataclass(slots=True)
class _Asking:
    """A mentee's wishes, the best first: columns, what the row is worth to each, and the weights.

    The first `asked` of them were asked. `lists` counts the lists so far, `last` is the last wish listed, by
    (u, weight, column).
    """

    column: sides.Integers
    worth: sides.Floats
    weight: sides.Integers
    asked: int
    lists: int
    last: Last | None


def settle(index: arrays.Index, weights: sides.Integers, welfare: Found) -> Found:
    """The stable pairs by the true utilities of both; ties by the weight, then by the numbers.

    `welfare` is the best answer of the same market: its bound says what stability costs.
    """
    partner = accept(index, weights)
    placed = np.flatnonzero(partner != NOBODY)
    value = int(weights[placed, partner[placed]].sum(dtype=np.int64))
    return replace(
        welfare,
        partner=partner,
        slot=found.no_slots(len(partner)),
        value=value,
        proof="no-blocking-pair",
    )


def accept(index: arrays.Index, weights: sides.Integers) -> Wide:
    """The column of each row [n] after everybody asked; a pair of weight 0 is never made."""
    asking = _first_wishes(index, weights)
    seats = index.seats.tolist()
    kept: list[list[tuple[float, int, int]]] = [[] for _ in seats]
    waiting = list(range(len(asking)))[::-1]
    while waiting:
        row = waiting.pop()
        asked = _next(index, weights, asking, row)
        if asked is None:
            continue
        column = int(asking[row].column[asked])
        # The root is whom the mentor would give up first: of equals the one with the later number.
        mine = (float(asking[row].worth[asked]), int(asking[row].weight[asked]), -row)
        if len(kept[column]) < seats[column]:
            heapq.heappush(kept[column], mine)
        else:
            waiting.append(-heapq.heappushpop(kept[column], mine)[2])
    partner = np.full(len(asking), NOBODY, np.int64)
    for column, mentees in enumerate(kept):
        for _, _, negative in mentees:
            partner[-negative] = column
    return partner


def _next(index: arrays.Index, weights: sides.Integers, asking: list[_Asking], row: int) -> int | None:
    """The place of the next wish among the listed ones, None where everybody was asked."""
    mine = asking[row]
    if mine.asked == len(mine.column) and mine.last is not None:
        u, v = scoring.utilities(index, slice(row, row + 1), slice(None))
        mine = asking[row] = _listed((u[0], v[0]), weights[row], index.seats, mine)
    if mine.asked == len(mine.column):
        return None
    mine.asked += 1
    return mine.asked - 1


def _first_wishes(index: arrays.Index, weights: sides.Integers) -> list[_Asking]:
    everybody = []
    for first in range(0, len(weights), ROWS):
        rows = slice(first, min(first + ROWS, len(weights)))
        u, v = scoring.utilities(index, rows, slice(None))
        for position in range(len(u)):
            worth = u[position], v[position]
            everybody.append(_listed(worth, weights[first + position], index.seats, None))
    return everybody


def _listed(
    worth: tuple[sides.Floats, sides.Floats],
    weight: sides.Integers,
    seats: sides.Integers,
    before: _Asking | None,
) -> _Asking:
    """The wishes after those listed before: by u, then by weight, then by the column."""
    u, v = worth
    column = np.flatnonzero((weight > 0) & (seats > 0)).astype(np.int32)
    lists = before.lists if before else 0
    if before is not None and before.last is not None:
        last_u, last_weight, last_column = before.last
        later = (weight[column] == last_weight) & (column > last_column)
        behind = (u[column] == last_u) & ((weight[column] < last_weight) | later)
        column = column[(u[column] < last_u) | behind]
    many = LISTED[lists] if lists < len(LISTED) else len(column)
    if len(column) > many:
        least = np.partition(u[column], len(column) - many)[len(column) - many]
        column = column[u[column] >= least]
    ranked = column[np.lexsort((column, -weight[column], -u[column]))][:many]
    end = int(ranked[-1]) if len(ranked) else None
    last = None if end is None else (u[end], int(weight[end]), end)
    return _Asking(ranked, v[ranked], weight[ranked], 0, lists + 1, last)

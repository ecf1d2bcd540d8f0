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
from services.matching.engine import score, sides
from services.matching.engine.forms import found
from services.matching.engine.forms.found import Found
from services.matching.engine.state import NOBODY, Wide

LISTED = 64
ROWS = 256

Wish = tuple[int, float, int]
"""A column, what the row is worth to it, and the weight of the pair."""


@dataclass(slots=True)
class _Asking:
    """A mentee's next wishes, the best last, and the last one that was ever listed: (u, weight, column)."""

    wishes: list[Wish]
    last: tuple[np.float32, int, int] | None


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
        wish = _next(index, weights, asking[row], row)
        if wish is None:
            continue
        column, worth, weight = wish
        # The root is whom the mentor would give up first: of equals the one with the later number.
        mine = (worth, weight, -row)
        if len(kept[column]) < seats[column]:
            heapq.heappush(kept[column], mine)
        else:
            waiting.append(-heapq.heappushpop(kept[column], mine)[2])
    partner = np.full(len(asking), NOBODY, np.int64)
    for column, mentees in enumerate(kept):
        for _, _, negative in mentees:
            partner[-negative] = column
    return partner


def _next(index: arrays.Index, weights: sides.Integers, asking: _Asking, row: int) -> Wish | None:
    if not asking.wishes and asking.last is not None:
        u, v = score.utilities(index, slice(row, row + 1), slice(None))
        _list(asking, (u[0], v[0]), weights[row], index.seats)
    return asking.wishes.pop() if asking.wishes else None


def _first_wishes(index: arrays.Index, weights: sides.Integers) -> list[_Asking]:
    everybody = []
    for first in range(0, len(weights), ROWS):
        rows = slice(first, min(first + ROWS, len(weights)))
        u, v = score.utilities(index, rows, slice(None))
        for position in range(len(u)):
            asking = _Asking([], None)
            _list(asking, (u[position], v[position]), weights[first + position], index.seats)
            everybody.append(asking)
    return everybody


def _list(
    asking: _Asking, worth: tuple[sides.Floats, sides.Floats], weight: sides.Integers, seats: sides.Integers
) -> None:
    """Lists the next wishes after the last: by u, then by weight, then by the column."""
    u, v = worth
    column = np.flatnonzero((weight > 0) & (seats > 0))
    if asking.last is not None:
        last_u, last_weight, last_column = asking.last
        later = (weight[column] == last_weight) & (column > last_column)
        behind = (u[column] == last_u) & ((weight[column] < last_weight) | later)
        column = column[(u[column] < last_u) | behind]
    if len(column) > LISTED:
        least = np.partition(u[column], len(column) - LISTED)[len(column) - LISTED]
        column = column[u[column] >= least]
    ranked = column[np.lexsort((column, -weight[column], -u[column]))][:LISTED]
    asking.wishes = [(int(c), float(v[c]), int(weight[c])) for c in ranked[::-1]]
    end = int(ranked[-1]) if len(ranked) else None
    asking.last = None if end is None else (u[end], int(weight[end]), end)

"""The best assignment of mentees to seats on a sparse graph, with prices that prove it.

    ptr, col, weight = [0, 2, 3], [0, 1, 0], [70_000, 50_000, 60_000]   # two mentees, two mentors
    solved = solve_graph(ptr, col, weight, capacity=[1, 1])
    solved.mate     # [1, 0]
    solved.value    # 110_000 = solved.bound: no other assignment is worth more

The proof is linear programming duality: with prices and profits of at least 0, and profit + price of at least
the weight of every edge, no assignment is worth more than the sum of the profits and of price · capacity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine import auction, kernels
from services.matching.engine import state as states
from services.matching.engine.market import InvalidMarket
from services.matching.engine.state import NOBODY, State, Wide

FIRST_STEP = 20
STEP_FACTOR = 5
FLOOR_STEPS = 3
CHUNK = 1024
BIDS_MAX = 1_000_000
VALUE_MAX = 1 << 61

Ints = npt.ArrayLike
Stop = Callable[[], bool]
Steps = Iterator[None]


@dataclass(frozen=True, slots=True)
class Solved:
    """`mate` [n]: the mentor of each mentee, or NOBODY. `price` [m] of a seat, `profit` [n] of a mentee.

    `value` is the sum of the weights of the pairs, `bound` what no assignment can exceed. They are equal
    unless the work was stopped early: then the pairs are the best so far and the bound still holds.
    """

    mate: Wide
    price: Wide
    profit: Wide
    value: int
    bound: int


def never() -> bool:
    return False


def solve_graph(ptr: Ints, col: Ints, weight: Ints, capacity: Ints, *, stop: Stop = never) -> Solved:
    """The assignment with the greatest sum of weights, each mentee at most once, each mentor up to capacity.

    `col[ptr[i]:ptr[i + 1]]` are the mentors of mentee i, ascending, and `weight` (0 or more) what each pair
    is worth; a pair of weight 0 is never made. `stop` is asked every some thousand moves. The result depends
    on the arguments alone. Raises InvalidMarket for arrays that are not such a graph.
    """
    edges = (_whole("ptr", ptr), _whole("col", col), _whole("weight", weight))
    seats = _whole("capacity", capacity)
    _check(*edges, seats)
    s = states.of_graph(edges[0], edges[1].astype(np.int32), edges[2], seats)
    for part in (auction_rounds(s), repair(s)):
        for _ in part:
            if stop():
                return solution(s)
    return solution(s)


def auction_rounds(s: State) -> Steps:
    """Rounds with steps from a twentieth of the greatest weight down to 1; floors keep what was learned.

    A mentor who is not full ends without a price, and full ones may have paid three steps too much.
    """
    step = max(1, int(s.row_weight.max(initial=0)) // FIRST_STEP)
    floor = np.zeros(len(s.seats), np.int64)
    bid = np.zeros(len(s.owner), np.int64)
    while True:
        auction.open_round(s, floor)
        left, moves = len(s.mate), 0
        while left > 0:
            left = auction.bids(s, bid, step, left)
            auction.seat_owners(s)
            moves += auction.BIDS
            if moves > BIDS_MAX * (len(s.mate) + len(s.seats) + 1):
                raise ArithmeticError(f"an auction with steps of {step} does not end after {moves} bids")
            yield
        if step == 1:
            return
        floor = np.where(s.load == s.seats, np.maximum(0, s.price - FLOOR_STEPS * step), 0)
        step = max(1, step // STEP_FACTOR)


def repair(s: State) -> Steps:
    """From any seats and prices to the best pairs of all edges."""
    kernels.tighten(s)
    everybody = np.arange(len(s.mate), dtype=np.int32)
    for mentors in _chunks(np.flatnonzero((s.price > 0) & (s.load < s.seats)).astype(np.int32)):
        kernels.fill_all(s, mentors)
        yield
    for mentees in _chunks(everybody[s.mate == NOBODY]):
        kernels.insert_all(s, mentees)
        yield


def _chunks(ids: states.Ids) -> Iterator[states.Ids]:
    return (ids[first : first + CHUNK] for first in range(0, len(ids), CHUNK))


def solution(s: State) -> Solved:
    """The pairs of a state and the bound that its prices prove, whether they are optimal or not."""
    profit, price = np.zeros(len(s.mate), np.int64), s.price.copy()
    value = int(kernels.appraise(s, profit, price))
    return Solved(
        mate=s.mate.astype(np.int64),
        price=price,
        profit=profit,
        value=value,
        bound=int(profit.sum() + (price * s.seats).sum()),
    )


def _whole(name: str, values: Ints) -> Wide:
    array = np.ascontiguousarray(values)
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "iu"):
        raise InvalidMarket(f"graph.{name}", "not a list of whole numbers")
    return array.astype(np.int64)


def _check(ptr: Wide, col: Wide, weight: Wide, capacity: Wide) -> None:
    if len(ptr) == 0 or ptr[0] != 0 or ptr[-1] != len(col) or bool((np.diff(ptr) < 0).any()):
        raise InvalidMarket("graph.ptr", "does not rise from 0 to the number of edges")
    if len(weight) != len(col):
        raise InvalidMarket("graph.weight", f"{len(weight)} weights for {len(col)} edges")
    if len(col) and not 0 <= int(col.min()) <= int(col.max()) < len(capacity):
        raise InvalidMarket("graph.col", f"not a mentor between 0 and {len(capacity) - 1}")
    inside = np.ones(max(0, len(col) - 1), np.bool_)
    inside[ptr[1:-1][(ptr[1:-1] > 0) & (ptr[1:-1] < len(col))] - 1] = False
    if bool((np.diff(col) <= 0)[inside].any()):
        raise InvalidMarket("graph.col", "not ascending within a row, or a pair twice")
    for name, values in (("weight", weight), ("capacity", capacity)):
        if len(values) and int(values.min()) < 0:
            raise InvalidMarket(f"graph.{name}", f"{int(values.min())} is below 0")
    if int(weight.max(initial=0)) * (len(ptr) + len(capacity)) >= VALUE_MAX:
        raise InvalidMarket("graph.weight", f"{int(weight.max())} is too great to be summed up exactly")

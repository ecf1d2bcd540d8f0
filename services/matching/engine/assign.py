"""The best assignment of a whole market with its proof over every feasible pair.

Up to `EDGES_MAX` feasible pairs all of them are edges of the graph that is solved. Above, the graph has the
best pairs of both sides only, and a look at all pairs either proves the answer or adds what was missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.matching.engine import duals, flow, graph, sides, ties
from services.matching.engine.state import NOBODY, Wide

Solver = Literal["graph", "flow"]

EDGES_MAX = 3_000_000
LISTED = 16
ADDED = 8
ROWS = 512


@dataclass(frozen=True, slots=True)
class Assigned:
    """`partner` [n]: the column of each row, or NOBODY. `price` [m] of a seat, `profit` [n] of a mentee.

    Over all pairs profit + price is at least the weight, so no assignment is worth more than `bound`.
    """

    partner: Wide
    price: Wide
    profit: Wide
    value: int
    bound: int
    solver: Solver


def best(
    weights: sides.Integers,
    seats: sides.Integers,
    numbers: tuple[Sequence[str], Sequence[str]],
    *,
    solver: Solver,
    edges_max: int = EDGES_MAX,
    stop: graph.Stop = graph.never,
) -> Assigned:
    """The assignment with the greatest sum of weights [n, m], at most one per row, `seats` per column.

    A pair of weight 0 is never made. Of several best ones that of the greatest lots is taken (see `ties`), so
    both solvers take the same. `numbers` are the employee numbers of the rows and of the columns. Once `stop`
    says yes, the pairs are the best so far, and the bound still holds over all pairs; the flow does not stop.
    """
    price, profit, early = _prices(weights, seats, solver, edges_max=edges_max, stop=stop)
    if early is not None:
        return _so_far(weights, seats, price, early)
    tight = ties.tight(weights, (price, profit), seats, numbers)
    if solver == "graph":
        partner = _on_graph(tight.row * len(seats) + tight.column, tight.gain, len(weights), seats).mate
    else:
        partner = flow.assign(tight.row, tight.column, tight.gain, mentees=len(weights), seats=seats)
    return _assigned(weights, seats, partner, (price, profit), solver=solver)


def _assigned(
    weights: sides.Integers,
    seats: sides.Integers,
    partner: Wide,
    prices: tuple[Wide, Wide],
    *,
    solver: Solver,
) -> Assigned:
    price, profit = prices
    placed = np.flatnonzero(partner != NOBODY)
    return Assigned(
        partner=partner,
        price=price,
        profit=profit,
        value=int(weights[placed, partner[placed]].sum(dtype=np.int64)),
        bound=int(profit.sum() + (price * seats).sum()),
        solver=solver,
    )


def _so_far(weights: sides.Integers, seats: sides.Integers, price: Wide, partner: Wide) -> Assigned:
    """Pairs and prices of work that was stopped, with the profits that cover all pairs at these prices."""
    asked = np.where(seats > 0, price, graph.VALUE_MAX)
    profit = np.concatenate(
        [
            np.zeros(0, np.int64),
            *(
                (weights[first : first + ROWS] - asked).max(axis=1, initial=0)
                for first in range(0, len(weights), ROWS)
            ),
        ]
    )
    price = price.copy()
    price[seats == 0] = duals.claims(weights[:, seats == 0], profit)
    return _assigned(weights, seats, partner, (price, profit), solver="graph")


def _prices(
    weights: sides.Integers,
    seats: sides.Integers,
    solver: Solver,
    *,
    edges_max: int,
    stop: graph.Stop,
) -> tuple[Wide, Wide, Wide | None]:
    """The prices of the seats and the profits of the mentees; stopped early, the pairs so far as well."""
    if solver == "flow":
        row, column = (found.astype(np.int64) for found in np.nonzero(weights))
        gain = weights[row, column].astype(np.int64)
        partner = flow.assign(row, column, gain, mentees=len(weights), seats=seats)
        return *duals.of_best(weights, seats, partner), None
    if np.count_nonzero(weights) <= edges_max:
        edges = np.flatnonzero(weights)
    else:
        edges = np.unique(np.concatenate([*_lists(weights), *_lists_of_columns(weights)]))
    while True:
        solved = _on_graph(edges, weights.ravel()[edges].astype(np.int64), len(weights), seats, stop=stop)
        missed = np.concatenate([np.zeros(0, np.int64), *_missed(weights, seats, solved)])
        if solved.value < solved.bound or (len(missed) and stop()):
            return solved.price, solved.profit, solved.mate
        if len(missed) == 0:
            price, profit = solved.price, solved.profit
            # Nobody pays for a seat that is not there: any price that covers all pairs will do.
            price[seats == 0] = duals.claims(weights[:, seats == 0], profit)
            return price, profit, None
        edges = np.unique(np.concatenate([edges, missed]))


def _on_graph(
    edges: Wide, gain: Wide, mentees: int, seats: sides.Integers, *, stop: graph.Stop = graph.never
) -> graph.Solved:
    """Edges are row · columns + column, ascending."""
    row, column = np.divmod(edges, max(1, len(seats)))
    ptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(row, minlength=mentees))))
    return graph.solve_graph(ptr, column, gain, seats, stop=stop)


def _lists(weights: sides.Integers) -> Iterator[Wide]:
    """The edges to the best columns of each row."""
    count = min(LISTED, weights.shape[1])
    for first in range(0, len(weights), ROWS):
        block = weights[first : first + ROWS]
        column = np.argpartition(-block, count - 1, axis=1)[:, :count]
        row = np.repeat(np.arange(len(block)), count).reshape(len(block), count)
        listed = block[row, column] > 0
        yield ((row + first) * weights.shape[1] + column)[listed]


def _lists_of_columns(weights: sides.Integers) -> Iterator[Wide]:
    """The edges to the best rows of each column."""
    count = min(LISTED, len(weights))
    for first in range(0, weights.shape[1], ROWS):
        block = weights[:, first : first + ROWS]
        row = np.argpartition(-block, count - 1, axis=0)[:count]
        column = np.broadcast_to(np.arange(block.shape[1]), row.shape)
        listed = block[row, column] > 0
        yield (row * weights.shape[1] + column + first)[listed]


def _missed(weights: sides.Integers, seats: sides.Integers, solved: graph.Solved) -> Iterator[Wide]:
    """The edges of pairs that would break the proof, the worst of each row; none: it holds over all pairs."""
    price = np.where(seats > 0, solved.price, graph.VALUE_MAX)
    for first in range(0, len(weights), ROWS):
        profit = solved.profit[first : first + ROWS]
        excess = weights[first : first + ROWS] - price - profit[:, None]
        rows = np.flatnonzero((excess > 0).any(axis=1))
        count = min(ADDED, len(seats))
        column = np.argpartition(-excess[rows], count - 1, axis=1)[:, :count]
        broken = np.take_along_axis(excess[rows], column, axis=1) > 0
        yield ((rows[:, None] + first) * len(seats) + column)[broken]

"""Circles: one mentor and several mentees together, none smaller than the lower quota.

Up to `PEOPLE_MAX` people the best circles come from an integer program (HiGHS). Only whether a mentor opens
is a whole-numbered choice: for mentors that are known the rest is an assignment. Its bound is the proof.
Above, everybody is assigned, mentors with too few are closed, and the others are solved again; the first
assignment, which knows no lower quota, bounds every answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from services.matching.engine import assign, on_demand, sides
from services.matching.engine import index as arrays
from services.matching.engine.forms import found
from services.matching.engine.forms.found import Found
from services.matching.engine.graph import Stop, never
from services.matching.engine.state import NOBODY, Wide

PEOPLE_MAX = 1_000
NODES_MAX = 500
HALF = 0.5
ROUNDING = 1e-4

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many mentees a mentor [m] may still get, and how many at least if any."""

    most: sides.Integers
    least: sides.Integers


def sizes(index: arrays.Index, group_size: int, group_size_min: int) -> Sizes:
    """A mentor's capacity is the size of their circle: what it has already counts towards the lower quota."""
    taken = np.array([mentor.capacity - mentor.seats_left for mentor in index.mentors], np.int32)
    most = np.minimum(index.seats, group_size).astype(np.int32)
    return Sizes(most=most, least=np.maximum(1, group_size_min - taken).astype(np.int32))


def gather(
    weights: sides.Integers,
    size: Sizes,
    numbers: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    solver: assign.Solver,
    stop: Stop = never,
    people_max: int = PEOPLE_MAX,
) -> Found:
    """The best circles; a pair of weight 0 is never made. Once `stop` says yes, what is known is taken."""
    size = replace(size, most=np.where(size.most < size.least, 0, size.most).astype(np.int32))
    first = assign.best(weights, size.most, numbers, solver=solver, stop=stop)
    relaxed = found.of(first, proof="relaxation")
    if not _too_small(relaxed.partner, size).any():
        return relaxed
    closed = _close(weights, size, numbers, relaxed)
    if sum(weights.shape) > people_max or stop():
        return closed
    return _best(weights, size, numbers, closed)


def _load(partner: Wide, size: Sizes) -> Wide:
    return np.bincount(partner[partner != NOBODY], minlength=len(size.most)).astype(np.int64)


def _too_small(partner: Wide, size: Sizes) -> sides.Flags:
    load = _load(partner, size)
    small: sides.Flags = (load > 0) & (load < size.least)
    return small


def _fits(partner: Wide, size: Sizes) -> bool:
    return not _too_small(partner, size).any() and bool((_load(partner, size) <= size.most).all())


def _close(
    weights: sides.Integers, size: Sizes, numbers: tuple[tuple[str, ...], tuple[str, ...]], relaxed: Found
) -> Found:
    """Closes the least worthy quarter of the too small circles and solves again, until none is left."""
    at = relaxed
    most = size.most
    while True:
        small = np.flatnonzero(_too_small(at.partner, size))
        if len(small) == 0:
            return replace(relaxed, partner=at.partner, value=at.value)
        placed = np.flatnonzero(at.partner != NOBODY)
        worth = np.bincount(
            at.partner[placed], weights[placed, at.partner[placed]], minlength=len(most)
        ).astype(np.int64)
        least = small[np.lexsort((small, worth[small]))][: -(-len(small) // 4)]
        most = most.copy()
        most[least] = 0
        at = found.of(assign.best(weights, most, numbers, solver=relaxed.solver))


def _best(
    weights: sides.Integers, size: Sizes, numbers: tuple[tuple[str, ...], tuple[str, ...]], known: Found
) -> Found:
    """The circles of the integer program where they are better than those that are known, and its bound."""
    row, column = np.nonzero(weights * (size.most > 0))
    gain = weights[row, column].astype(np.float64)
    solved = _program(row, column, gain, size=size, rows=len(weights))
    proven = float("inf") if solved.mip_dual_bound is None else -float(solved.mip_dual_bound)
    bound = known.bound if not np.isfinite(proven) else min(known.bound, int(np.floor(proven + ROUNDING)))
    if solved.x is None:
        return replace(known, bound=max(bound, known.value))
    opened = solved.x[len(row) :] > HALF
    most = np.where(opened, size.most, 0).astype(np.int32)
    # Of equally good circles of the same mentors the lots decide, as in every other form.
    drawn = assign.best(weights, most, numbers, solver=known.solver).partner
    chosen = _partner(row, column, solved.x[: len(row)], rows=len(weights))
    fitting = [one for one in (drawn, chosen) if _fits(one, size)]
    partner = max(fitting, key=lambda one: _value(weights, one), default=known.partner)
    value = _value(weights, partner)
    if value <= known.value:
        return replace(known, bound=max(bound, known.value))
    return replace(known, partner=partner, value=value, bound=max(bound, value))


def _program(row: Wide, column: Wide, gain: Doubles, *, size: Sizes, rows: int) -> Any:
    """max Σ gain·x; a mentee once; least·y ≤ load ≤ most·y and x ≤ y, y whole.

    The search is limited in nodes, not in time: the answer does not depend on the machine's speed. Returns
    what SciPy returns, an OptimizeResult.
    """
    optimize = on_demand.optimize()
    pairs, mentors = len(row), len(size.most)
    edge = np.arange(pairs)
    place = pairs + np.arange(mentors)
    once = _matrix(np.ones(pairs), row, edge, (rows, pairs + mentors))
    load = _matrix(np.ones(pairs), column, edge, (mentors, pairs + mentors))
    opens = np.arange(mentors)
    few = load - _matrix(size.least, opens, place, load.shape)
    many = load - _matrix(size.most, opens, place, load.shape)
    both = np.concatenate((edge, edge)), np.concatenate((edge, pairs + column))
    under = _matrix(np.repeat([1.0, -1.0], pairs), *both, (pairs, pairs + mentors))
    return optimize.milp(
        np.concatenate((-gain, np.zeros(mentors))),
        integrality=np.concatenate((np.zeros(pairs), np.ones(mentors))),
        bounds=optimize.Bounds(0, np.concatenate((np.ones(pairs), size.most > 0))),
        constraints=[
            optimize.LinearConstraint(once, -np.inf, 1),
            optimize.LinearConstraint(few, 0, np.inf),
            optimize.LinearConstraint(many, -np.inf, 0),
            optimize.LinearConstraint(under, -np.inf, 0),
        ],
        options={"node_limit": NODES_MAX, "mip_rel_gap": 0.0},
    )


def _matrix(values: npt.ArrayLike, row: Wide, column: Wide, shape: tuple[int, int]) -> Any:
    return on_demand.sparse().csr_array((np.asarray(values, np.float64), (row, column)), shape=shape)


def _partner(row: Wide, column: Wide, share: Doubles, *, rows: int) -> Wide:
    partner = np.full(rows, NOBODY, np.int64)
    chosen = share > HALF
    partner[row[chosen]] = column[chosen]
    return partner


def _value(weights: sides.Integers, partner: Wide) -> int:
    placed = np.flatnonzero(partner != NOBODY)
    return int(weights[placed, partner[placed]].sum(dtype=np.int64))

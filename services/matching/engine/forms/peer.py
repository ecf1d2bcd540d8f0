"""Peers: pairs of equals, each with one partner, from one group of people.

The best pairs of one group are a matching in a general graph. Its double cover, everybody once on each side,
is an assignment that is solved exactly; half its value bounds every matching, because a matching counts
twice there. The assignment falls into cycles and paths, of which the best edges are taken; then partners are
exchanged as long as that is better.

Symmetric score: a peer learns and helps, so what j is worth to i is U_ij = (u_ij + v_ji) / 2, u as the one
who learns and v as the one who helps; s = 2·U_ij·U_ji / (U_ij + U_ji), weight = ⌊10⁵·s + ½⌋ in float32. A
pair is possible only where no rule excludes it in either direction.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from services.matching.engine import assign, market, scoring, sides, stability
from services.matching.engine import index as arrays
from services.matching.engine.forms import exchange, found
from services.matching.engine.forms.found import Found
from services.matching.engine.graph import Stop, never
from services.matching.engine.state import NOBODY, Wide

ROWS = 512


def check(index: arrays.Index) -> None:
    """Raises InvalidMarket unless everybody is on both sides: then row i and column i are one person."""
    if index.left.numbers != index.right.numbers:
        odd = sorted(set(index.left.numbers) ^ set(index.right.numbers))[0]
        raise market.InvalidMarket(
            f"mentees[{odd}]", "a peer has to be among the mentees and among the mentors"
        )


def alike(whole: market.Market) -> market.Market:
    """The market in which people of the same level fit best."""
    return replace(whole, rules=replace(whole.rules, target_gap=0.0))


def worth(index: arrays.Index, rows: slice, columns: slice) -> tuple[sides.Floats, sides.Floats]:
    """What a block of pairs is worth to the peer in the row and to the one in the column, in [0, 1]."""
    u, v = scoring.utilities(index, rows, columns)
    back_u, back_v = scoring.utilities(index, columns, rows)
    half = np.float32(0.5)
    return half * (u + back_v.T), half * (v + back_u.T)


def fit(index: arrays.Index, rows: slice, columns: slice) -> sides.Integers:
    """What is fused from the two sides' worth in a block, whether a rule excludes the pairs or not."""
    mine, theirs = worth(index, rows, columns)
    both = mine + theirs
    fused = np.divide(np.float32(2) * mine * theirs, both, out=np.zeros_like(both), where=both > 0)
    weights: sides.Integers = (np.float32(scoring.WEIGHT_OF_ONE) * fused + np.float32(0.5)).astype(np.int32)
    return weights


def added(index: arrays.Index, rows: slice, columns: slice) -> sides.Integers:
    """The bonuses of both, and the hysteresis of a standing proposal, whoever was named first."""
    back: sides.Integers = scoring.added(index, columns, rows).T
    return scoring.added(index, rows, columns) + back


def block(index: arrays.Index, rows: slice, columns: slice) -> sides.Integers:
    """The symmetric weights of a block, whether a rule excludes the pairs or not."""
    weights = fit(index, rows, columns)
    return weights + added(index, rows, columns) * (weights > 0)


def matrix(index: arrays.Index, weights: sides.Integers) -> sides.Integers:
    """The symmetric weights [n, n], 0 where a rule excludes one direction or the other.

    `weights` [n, n] are those of one direction, which are 0 where a rule excludes it.
    """
    check(index)
    possible = (weights > 0) & (weights.T > 0)
    free = index.seats > 0
    symmetric = np.zeros_like(weights)
    for first in range(0, len(weights), ROWS):
        rows = slice(first, min(first + ROWS, len(weights)))
        allowed = possible[rows] & free[rows, None] & free
        symmetric[rows] = np.where(allowed, block(index, rows, slice(None)), 0)
    return symmetric


def pair_up(
    symmetric: sides.Integers, numbers: tuple[str, ...], *, solver: assign.Solver, stop: Stop = never
) -> Found:
    """The partner of everybody, from symmetric weights [n, n] with 0 on the diagonal.

    `profit` holds what each person counts in the bound, in halves of a weight.
    """
    seats = np.ones(len(symmetric), np.int32)
    cover = assign.best(symmetric, seats, (numbers, numbers), solver=solver, stop=stop)
    partner = np.full(len(symmetric), NOBODY, np.int64)
    for chain, closed in _chains(cover.partner):
        _take_best(symmetric, chain, partner, closed=closed)
    exchange.improve(symmetric, cover.profit + cover.price, partner)
    placed = np.flatnonzero(partner != NOBODY)
    return Found(
        partner=partner,
        slot=found.no_slots(len(partner)),
        price=np.zeros_like(cover.price),
        profit=cover.profit + cover.price,
        value=int(symmetric[placed, partner[placed]].sum(dtype=np.int64)) // 2,
        bound=cover.bound // 2,
        proof="halves",
        solver=cover.solver,
    )


def _chains(following: Wide) -> list[tuple[list[int], bool]]:
    """The paths and cycles of i → following[i], each with whether it closes."""
    followed = set(following[following != NOBODY].tolist())
    starts = [row for row in range(len(following)) if row not in followed]
    seen = np.zeros(len(following), np.bool_)
    chains = []
    for start in (*starts, *range(len(following))):
        chain, at = [], start
        while at != NOBODY and not seen[at]:
            seen[at] = True
            chain.append(at)
            at = int(following[at])
        if len(chain) > 1:
            chains.append((chain, at == chain[0]))
    return chains


def _take_best(weights: sides.Integers, chain: list[int], partner: Wide, *, closed: bool) -> None:
    """Pairs neighbours of a path, or of a cycle, so that the sum of their weights is the greatest."""
    gains = [int(weights[a, b]) for a, b in itertools.pairwise(chain)]
    best, taken = _on_path(gains)
    if closed and len(chain) > 2:
        around, inner = _on_path(gains[1:-1])
        around += int(weights[chain[-1], chain[0]])
        if around > best:
            taken = [position + 1 for position in inner]
            partner[chain[-1]], partner[chain[0]] = chain[0], chain[-1]
    for position in taken:
        a, b = chain[position], chain[position + 1]
        partner[a], partner[b] = b, a


def _on_path(gains: list[int]) -> tuple[int, list[int]]:
    """The greatest sum of gains no two of which are neighbours, and their positions."""
    before, best = 0, 0
    sums = []
    for gain in gains:
        before, best = best, max(best, before + gain)
        sums.append(best)
    taken, position = [], len(gains) - 1
    while position >= 0:
        if sums[position] > (sums[position - 1] if position else 0):
            taken.append(position)
            position -= 1
        position -= 1
    return best, taken


def blocking(index: arrays.Index, weights: sides.Integers, partner: Wide) -> tuple[stability.Blocking, ...]:
    """How many possible pairs would gain more than a margin on both sides; having nobody is worth 0."""
    has = np.zeros(len(partner), np.float32)
    for row in np.flatnonzero(partner != NOBODY).tolist():
        column = int(partner[row])
        has[row] = worth(index, slice(row, row + 1), slice(column, column + 1))[0][0, 0]
    counts = dict.fromkeys(stability.MARGINS, 0)
    for first in range(0, len(weights), ROWS):
        rows = slice(first, min(first + ROWS, len(weights)))
        mine, theirs = worth(index, rows, slice(None))
        gain = np.minimum(mine - has[rows, None], theirs - has)[weights[rows] > 0]
        for margin in stability.MARGINS:
            counts[margin] += int(np.count_nonzero(gain > np.float32(margin)))
    return tuple(stability.Blocking(margin, count // 2) for margin, count in counts.items())

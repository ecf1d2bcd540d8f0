"""Exchanges of partners that make the pairs of one group better.

The certificate of the double cover guides them: amounts y of at least 0 with y_i + y_j ≥ 2w. What a matching
misses of the bound is exactly Σ y over those who are alone plus Σ (y_i + y_j − 2w) over its pairs. So from
somebody alone the cheapest alternating path, by these slacks, shows whom to bring in or to leave out instead.
Only paths that meet nobody twice are followed, so this is no proof of the best matching; the bound is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.matching.engine import sides
from services.matching.engine.state import NOBODY, Wide

SWEEPS_MAX = 100
FAR = np.int64(1) << 60


def improve(weights: sides.Integers, amounts: Wide, partner: Wide) -> None:
    """Changes `partner` [n] until no path from somebody alone and no swap of two pairs makes it better."""
    for _ in range(SWEEPS_MAX):
        alone = np.flatnonzero((partner == NOBODY) & (amounts > 0))
        by_loss = alone[np.argsort(-amounts[alone], kind="stable")].tolist()
        better = sum(_follow(weights, amounts, partner, one) for one in by_loss if partner[one] == NOBODY)
        if not better + sum(_swap(weights, partner, one) for one in range(len(partner))):
            return


@dataclass(slots=True)
class _End:
    """The best end of a path so far: after `last`, who is left alone, or `free`, who is alone as well."""

    gain: int = 0
    last: int = NOBODY
    free: int = NOBODY


def _follow(weights: sides.Integers, amounts: Wide, partner: Wide, start: int) -> bool:
    """Dijkstra's cheapest alternating paths from somebody alone, and the exchange along the best of them."""
    distance = np.full(len(partner), FAR)
    before = np.full(len(partner), NOBODY, np.int64)
    open_ = np.ones(len(partner), np.bool_)
    distance[start] = 0
    alone = partner == NOBODY
    hoped = int(amounts[start]) + int(amounts[alone].max(initial=0))
    end = _End()
    while True:
        one = int(np.where(open_, distance, FAR).argmin())
        so_far = int(distance[one])
        if not open_[one] or so_far >= hoped - end.gain:
            break
        open_[one] = False
        on_path = _path(before, partner, one)
        if one != start and amounts[start] - so_far - amounts[one] > end.gain:
            end = _End(int(amounts[start] - so_far - amounts[one]), one)
        cost = np.where(
            weights[one] > 0, so_far + amounts[one] + amounts - 2 * weights[one].astype(np.int64), FAR
        )
        cost[on_path] = FAR
        gain = np.where(alone & (cost < FAR), amounts[start] + amounts - cost, 0)
        if gain.max(initial=0) > end.gain:
            end = _End(int(gain.max()), one, int(gain.argmax()))
        _relax(cost, (distance, before, open_), partner, one)
    if end.gain > 0:
        _exchange(before, partner, end)
    return end.gain > 0


def _relax(cost: Wide, state: tuple[Wide, Wide, sides.Flags], partner: Wide, one: int) -> None:
    """Reaches the partners of those whom `one` could get."""
    distance, before, open_ = state
    met = np.flatnonzero((partner != NOBODY) & (cost < FAR))
    beyond = partner[met]
    nearer = open_[beyond] & (cost[met] < distance[beyond])
    distance[beyond[nearer]] = cost[met[nearer]]
    before[beyond[nearer]] = one


def _path(before: Wide, partner: Wide, one: int) -> list[int]:
    """Everybody on the path to `one`."""
    people = [one]
    while before[one] != NOBODY:
        people.append(int(partner[one]))
        one = int(before[one])
        people.append(one)
    return people


def _exchange(before: Wide, partner: Wide, end: _End) -> None:
    """From the end back to the start everybody gets the one before the partner they had."""
    one, given = end.last, end.free
    while one != NOBODY:
        had = int(partner[one])
        partner[one] = given
        if given != NOBODY:
            partner[given] = one
        one, given = int(before[one]), had


def _swap(weights: sides.Integers, partner: Wide, a: int) -> bool:
    """The best change in which `a` gets somebody else and the two left over get each other."""
    everybody = np.arange(len(partner))
    b = int(partner[a])
    lost = int(weights[a, b]) if b != NOBODY else 0
    alone = partner == NOBODY
    theirs = np.where(alone, everybody, partner)
    left_over = np.zeros(len(partner), np.int64) if b == NOBODY else weights[b, theirs].astype(np.int64)
    left_over[alone] = 0
    given_up = np.where(alone, 0, weights[everybody, theirs])
    gain = np.where(weights[a] > 0, weights[a] + left_over - given_up - lost, 0)
    gain[a] = 0
    if b != NOBODY:
        gain[b] = 0
    c = int(gain.argmax()) if len(gain) else a
    if gain[c] <= 0:
        return False
    d = int(partner[c])
    for one in (b, d):
        if one != NOBODY:
            partner[one] = NOBODY
    if b != NOBODY and d != NOBODY and weights[b, d] > 0:
        partner[b], partner[d] = d, b
    partner[a], partner[c] = c, a
    return True

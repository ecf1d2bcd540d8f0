"""Ours: events on a market that is solved already, and the best mentors for one person."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.matching import engine
from services.matching.engine import pack, scan, survey
from services.matching.engine.index import Index
from services.matching.engine.pack import Packed
from tests.bench.matching import scale
from tests.bench.matching.worker import Found, Spec

AWAY = 0.02
CHECKS = 20
ADDED = 8
BEST = 10
PROOF_ROUNDS_MAX = 20


@dataclass(slots=True)
class Followed:
    """A live market: who could come with which pairs, and who is here."""

    live: engine.Live
    index: Index
    packed: Packed
    known: dict[str, dict[str, int]]
    here: list[str]
    away: list[str]


def events(spec: Spec) -> Found:
    """Leaves and joins in turn; exact on the live edges at every check; then the bound over all pairs.

    At last what a look at all pairs found becomes edges, until the gap is 0.
    """
    followed = _followed(spec)
    draw = random.Random(spec["seed"])
    took, exact = [], True
    for number in range(spec["events"]):
        took.append(_event(followed, draw, leaves=number % 2 == 0))
        if number % max(1, spec["events"] // CHECKS) == 0:
            proof = followed.live.proof()
            exact &= proof.value == proof.bound
    gaps = list(_proven(followed))
    return {"seconds": took, "exact": exact, "gap": gaps[0], "left": gaps[-1], "rounds": len(gaps)}


def _followed(spec: Spec) -> Followed:
    index = scale.kept(spec)
    packed = pack.pack(index)
    listed = survey.listing(packed, scale.crew())
    mentees, mentors = _numbers(index, packed)
    known: dict[str, dict[str, int]] = {number: {} for number in mentees}
    for row, place, weight in zip(
        listed.row.tolist(), listed.place.tolist(), listed.weight.tolist(), strict=True
    ):
        known[mentees[row]][mentors[place]] = weight
    live = engine.Live()
    for mentor, seats in zip(mentors, pack.seats(packed, index).tolist(), strict=True):
        if mentor:
            live.mentor_joins(mentor, {}, capacity=seats)
    here, away = mentees[round(AWAY * len(mentees)) :], mentees[: round(AWAY * len(mentees))]
    for mentee in here:
        live.mentee_joins(mentee, known[mentee])
    return Followed(live, index, packed, known, here, away)


def _numbers(index: Index, packed: Packed) -> tuple[list[str], list[str]]:
    """Who stands in which row and at which place; "" where a block has room left."""
    mentees = [index.left.numbers[row] for row in packed.row.tolist()]
    return mentees, [index.right.numbers[at] if at >= 0 else "" for at in packed.column.tolist()]


def _event(followed: Followed, draw: random.Random, *, leaves: bool) -> float:
    """Somebody who was drawn leaves or comes; the seconds it took."""
    come, go = (followed.away, followed.here) if leaves else (followed.here, followed.away)
    place = draw.randrange(len(go))
    who = go[place]
    go[place] = go[-1]
    go.pop()
    come.append(who)
    weights = followed.known[who]
    began = time.perf_counter()
    if leaves:
        followed.live.mentee_leaves(who)
    else:
        followed.live.mentee_joins(who, weights)
    return time.perf_counter() - began


def _proven(followed: Followed) -> Iterator[float]:
    """The gap over all pairs as a share of the value, before and after each look's pairs became edges."""
    packed, index = followed.packed, followed.index
    mentees, mentors = _numbers(index, packed)
    here = np.isin(np.array(mentees), np.array(followed.here))
    for _ in range(PROOF_ROUNDS_MAX):
        proof = followed.live.proof()
        price = np.array([proof.prices.get(mentor, 0) for mentor in mentors], np.int64)
        profit = np.array([proof.profits.get(mentee, 0) for mentee in mentees], np.int64)
        profit[~here] = scale.OUT_OF_REACH
        look = survey.look(packed, (price, profit), scale.crew(), added=ADDED)
        bound = int(look.profit[here].sum()) + int((price * pack.seats(packed, index)).sum())
        yield (bound - proof.value) / proof.value
        if len(look.row) == 0:
            return
        missed: dict[str, dict[str, int]] = {}
        for edge, (row, place) in enumerate(zip(look.row.tolist(), look.place.tolist(), strict=True)):
            missed.setdefault(mentees[row], {})[mentors[place]] = int(look.weight[edge])
        for mentee, weights in missed.items():
            followed.known[mentee].update(weights)
            followed.live.mentee_changes(mentee, followed.known[mentee])


def searches(spec: Spec) -> Found:
    """The exact ten best of all mentors for one mentee after the other."""
    index = scale.kept(spec)
    packed = pack.pack(index)
    room, found = pack.room(), np.zeros(len(packed.column), np.int32)
    scan.weights_of(packed, room, 0, found)
    took = []
    for number in range(spec["searches"]):
        row = number % len(packed.row)
        found[:] = 0
        began = time.perf_counter()
        scan.weights_of(packed, room, row, found)
        best = np.argpartition(found, -BEST)[-BEST:]
        best = best[np.argsort(-found[best], kind="stable")]
        took.append(time.perf_counter() - began)
    return {"seconds": took, "mentors": len(packed.column)}

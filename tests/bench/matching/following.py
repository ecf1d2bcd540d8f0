"""Ours: events on a market that is solved already, and the best mentors for one person."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

Wide = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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
    """From a proven market, leaves and joins in turn, exact on the live edges at every check; then the bound.

    At last a proof over all pairs, after which the gap has to be 0.
    """
    followed = _followed(spec)
    draw = random.Random(spec["seed"])
    took, exact = [], True
    for number in range(spec["events"]):
        took.append(_event(followed, draw, leaves=number % 2 == 0)[0])
        if number % max(1, spec["events"] // CHECKS) == 0:
            proof = followed.live.proof()
            exact &= proof.value == proof.bound
    gap = _gap(followed)
    began = time.perf_counter()
    followed.live.prove(functools.partial(_missed, followed))
    proven_s = time.perf_counter() - began
    return {"seconds": took, "exact": exact, "gap": gap, "left": _gap(followed), "proven_s": proven_s}


def standing(spec: Spec) -> Found:
    """The same events with hysteresis and without: how many others' pairs change, and what it costs."""
    found = {}
    for called, hysteresis in (("with", spec["hysteresis"]), ("without", 0)):
        followed = _followed(spec, hysteresis)
        draw = random.Random(spec["seed"])
        changed = 0
        before = followed.live.pairs()
        for number in range(spec["events"]):
            _, who = _event(followed, draw, leaves=number % 2 == 0)
            after = followed.live.pairs()
            others = (before.keys() | after.keys()) - {who}
            changed += sum(before.get(one) != after.get(one) for one in others)
            before = after
        worth = sum(followed.known[mentee][mentor] for mentee, mentor in before.items())
        found[called] = {"changed": changed / spec["events"], "worth": worth}
    return found


def _followed(spec: Spec, hysteresis: int = 0) -> Followed:
    index = scale.kept(spec)
    packed = pack.pack(index)
    listed = survey.listing(packed, scale.crew())
    mentees, mentors = _numbers(index, packed)
    known: dict[str, dict[str, int]] = {number: {} for number in mentees}
    for row, place, weight in zip(
        listed.row.tolist(), listed.place.tolist(), listed.weight.tolist(), strict=True
    ):
        known[mentees[row]][mentors[place]] = weight
    live = engine.Live(hysteresis=hysteresis)
    for mentor, seats in zip(mentors, pack.seats(packed, index).tolist(), strict=True):
        if mentor:
            live.mentor_joins(mentor, {}, capacity=seats)
    here, away = mentees[round(AWAY * len(mentees)) :], mentees[: round(AWAY * len(mentees))]
    for mentee in here:
        live.mentee_joins(mentee, known[mentee])
    followed = Followed(live, index, packed, known, here, away)
    live.prove(functools.partial(_missed, followed))
    return followed


def _numbers(index: Index, packed: Packed) -> tuple[list[str], list[str]]:
    """Who stands in which row and at which place; "" where a block has room left."""
    mentees = [index.left.numbers[row] for row in packed.row.tolist()]
    return mentees, [index.right.numbers[at] if at >= 0 else "" for at in packed.column.tolist()]


def _event(followed: Followed, draw: random.Random, *, leaves: bool) -> tuple[float, str]:
    """Somebody who was drawn leaves or comes: the seconds it took, and who it was."""
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
    return time.perf_counter() - began, who


def _gap(followed: Followed) -> float:
    """How much better other pairs could be at most, over all pairs, as a share of what they are worth."""
    proof = followed.live.proof()
    price, look, here = _look(followed, proof.prices, proof.profits)
    bound = int(look.profit[here].sum() + (price * pack.seats(followed.packed, followed.index)).sum())
    return (bound - proof.value) / proof.value


def _missed(
    followed: Followed, profits: Mapping[str, int], prices: Mapping[str, int]
) -> Iterator[tuple[str, str, int]]:
    """What prices and profits do not cover, the worst of each mentee; known from now on."""
    mentees, mentors = _numbers(followed.index, followed.packed)
    look = _look(followed, prices, profits)[1]
    for row, place, weight in zip(look.row.tolist(), look.place.tolist(), look.weight, strict=True):
        followed.known[mentees[row]][mentors[place]] = int(weight)
        yield mentees[row], mentors[place], int(weight)


def _look(
    followed: Followed, prices: Mapping[str, int], profits: Mapping[str, int]
) -> tuple[Wide, survey.Look, Flags]:
    """The prices in packed order, what a look at all pairs of those who are here saw, and who is here."""
    mentees, mentors = _numbers(followed.index, followed.packed)
    here = np.isin(np.array(mentees), np.array(followed.here))
    price = np.array([prices.get(mentor, 0) for mentor in mentors], np.int64)
    profit = np.array([profits.get(mentee, 0) for mentee in mentees], np.int64)
    profit[~here] = scale.OUT_OF_REACH
    return price, survey.look(followed.packed, (price, profit), scale.crew(), added=ADDED), here


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

"""Ours: events on a market that is solved already, and the best mentors for one person."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine import arrivals, opening, pack, survey, watching
from services.matching.engine.live import Changed, Live
from services.matching.engine.pack import Packed
from services.matching.engine.state import Ids, Wide
from tests.bench.matching import scale
from tests.bench.matching.worker import Found, Spec

AWAY = 0.02
CHECKS = 20
ADDED = 8
BEST = 10


@dataclass(slots=True)
class Followed:
    """A live market: `everybody` as they were packed at first, with the columns and weights of the pairs they
    are known to be possible in, and who is here."""

    live: Live
    packed: Packed
    everybody: list[str]
    known: dict[str, tuple[Ids, Wide]]
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
    watching.prove(followed.live, _packed(followed))
    proven_s = time.perf_counter() - began
    return {"seconds": took, "exact": exact, "gap": gap, "left": _gap(followed), "proven_s": proven_s}


def standing(spec: Spec) -> Found:
    """The same events with hysteresis and without: how many others' pairs change, and what it costs."""
    found = {}
    for called, hysteresis in (("with", spec["hysteresis"]), ("without", 0)):
        followed = _followed(spec, hysteresis)
        draw = random.Random(spec["seed"])
        changes = 0
        for number in range(spec["events"]):
            _, who, changed = _event(followed, draw, leaves=number % 2 == 0)
            changes += len({mentee for mentee, _ in (*changed.parted, *changed.made)} - {who})
        worth = followed.live.proof().value - hysteresis * len(followed.live.pairs())
        found[called] = {"changed": changes / spec["events"], "worth": worth}
    return found


def _followed(spec: Spec, hysteresis: int = 0) -> Followed:
    """All are solved and proven together; then some leave, and the others are proven again."""
    index = scale.kept(spec)
    rules = replace(index.whole.rules, hysteresis=hysteresis)
    opened = opening.of_index(replace(index, whole=replace(index.whole, rules=rules)), edges_max=0)
    everybody = [index.left.numbers[row] for row in opened.packed.row.tolist()]
    known = {who: _edges(opened.live, row, hysteresis) for row, who in enumerate(everybody)}
    away = everybody[: round(AWAY * len(everybody))]
    for mentee in away:
        opened.live.mentee_leaves(mentee)
    followed = Followed(opened.live, opened.packed, everybody, known, everybody[len(away) :], away)
    watching.prove(opened.live, _packed(followed))
    return followed


def _edges(live: Live, row: int, hysteresis: int) -> tuple[Ids, Wide]:
    """The mentors with whom a mentee is known to be possible, and what these pairs are worth unmade."""
    s = live.state
    at = slice(s.row_at[row], s.row_at[row] + s.row_size[row])
    return s.row_mentor[at].copy(), s.row_weight[at] - hysteresis * (s.row_mentor[at] == s.mate[row])


def _event(followed: Followed, draw: random.Random, *, leaves: bool) -> tuple[float, str, Changed]:
    """Somebody who was drawn leaves or comes: the seconds it took, who it was, and whose pairs changed."""
    come, go = (followed.away, followed.here) if leaves else (followed.here, followed.away)
    place = draw.randrange(len(go))
    who = go[place]
    go[place] = go[-1]
    go.pop()
    come.append(who)
    columns, weights = followed.known[who]
    began = time.perf_counter()
    if leaves:
        changed = followed.live.mentee_leaves(who)
    else:
        changed = followed.live.row_joins(who, columns, weights)[1]
    return time.perf_counter() - began, who, changed


def _packed(followed: Followed) -> Packed:
    """Whoever is here, packed by the rows they have now."""
    rows = {who: followed.live.row(who) for who in followed.here}
    order = np.zeros(len(followed.live.state.mate), np.int64)
    there = np.zeros(len(order), np.bool_)
    for first, who in enumerate(followed.everybody):
        if who in rows:
            order[rows[who]], there[rows[who]] = first, True
    mine = {name: getattr(followed.packed, name)[order] for name in arrivals.OF_MENTEES}
    mine["words"][~there] = 0
    return followed.packed._replace(**mine, odd_at=np.zeros(len(order) + 1, np.int64))


def _gap(followed: Followed) -> float:
    """How much better other pairs could be at most, over all pairs, as a share of what they are worth."""
    s = followed.live.state
    price = np.where(s.seats > 0, s.price, scale.OUT_OF_REACH)
    look = survey.look(_packed(followed), (price, s.profit), scale.crew(), added=ADDED)
    seats = int((s.price * s.seats).sum())
    return (int(look.profit.sum()) - int(s.profit.sum())) / (int(s.profit.sum()) + seats)


def searches(spec: Spec) -> Found:
    """The exact ten best of all mentors for one mentee after the other."""
    index = scale.kept(spec)
    packed = pack.pack(index)
    room = pack.room()
    survey.top(packed, 0, BEST, room)
    took = []
    for number in range(spec["searches"]):
        began = time.perf_counter()
        survey.top(packed, number % len(packed.row), BEST, room)
        took.append(time.perf_counter() - began)
    return {"seconds": took, "mentors": len(packed.column)}

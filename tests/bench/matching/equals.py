"""Ours: stable pairs, and pairs of equals."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import TypeVar

import numpy as np

from services.matching import engine
from services.matching.engine import forms, scoring, sides, stability
from services.matching.engine import index as arrays
from services.matching.engine.forms import peer, stable
from tests.bench.matching import crowd
from tests.bench.matching.worker import Clock, Found, Spec

P = TypeVar("P", engine.Mentee, engine.Mentor)
ALWAYS = (1 << 336) - 1
RATINGS = 10


def stable_lists(spec: Spec) -> Found:
    """Our stable pairs where everybody may have everybody and nobody is indifferent; `lists` gets u and v."""
    engine.warm()
    index, u, v = _without_ties(spec["mentees"], spec["seed"])
    weights, _ = scoring.matrix(index)
    np.savez(spec["lists"], u=u, v=v, capacity=index.seats)
    clock = Clock()
    partner = stable.accept(index, weights)
    found = clock.read()
    blocked = stability.blocking(index, weights, partner)[0].pairs
    return {**found, "mate": partner.tolist(), "blocking": blocked}


def _without_ties(mentees: int, seed: int) -> tuple[arrays.Index, sides.Floats, sides.Floats]:
    """The first company from this seed on in which nobody is indifferent between two others."""
    for attempt in itertools.count(seed):
        index = arrays.build(_open_to_all(mentees, attempt))
        u, v = scoring.utilities(index, slice(None), slice(None))
        if all(len(row) == len(np.unique(row)) for row in (*u, *v.T)):
            return index, u, v
    raise AssertionError("counting does not end")


def _open_to_all(mentees: int, seed: int) -> engine.Market:
    """The company without anything that rules a pair out; everybody was rated, each a little differently."""
    whole, draw = crowd.market(mentees, seed=seed), random.Random(seed)
    return engine.Market(
        mentees=tuple(_open(one, draw) for one in whole.mentees),
        mentors=tuple(_open(one, draw) for one in whole.mentors),
        rules=engine.ProgrammeRules(same_team=True),
        topics=whole.topics,
    )


def _open(one: P, draw: random.Random) -> P:
    rated = engine.Feedback(draw.random() * RATINGS, RATINGS)
    return replace(one, hours=ALWAYS, languages=frozenset({"en"}), feedback=rated)


def peer_pairs(spec: Spec) -> Found:
    """Pairs of equals from their finished weights, which `weights` gets."""
    engine.warm()
    index = arrays.build(forms.normal(crowd.peers(spec["people"], seed=spec["seed"])))
    weights, _ = forms.weighed(index, *scoring.matrix(index))
    np.save(spec["weights"], weights)
    clock = Clock()
    found = peer.pair_up(weights, index.left.numbers, solver="graph")
    return {**clock.read(), "value": found.value, "bound": found.bound}

"""Ours: "why not these two?" in numbers, and whether the number is true."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching import engine
from tests.bench.matching import crowd, weighed
from tests.bench.matching.weighed import Weighed
from tests.bench.matching.worker import Found, Spec

Wide = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Question:
    """A feasible pair that was not made."""

    row: int
    column: int


def forced_pairs(spec: Spec) -> Found:
    """Pairs that were not made are forced, and the rest is made the best again over all feasible pairs.

    What all pairs together lose then is never below the bound that the certificate names.
    """
    engine.warm()
    table = weighed.weighed(crowd.market(spec["mentees"], seed=spec["seed"]))
    found = engine.solve_graph(*table.graph())
    certificate = engine.Certificate(
        prices=dict(zip(table.mentors, found.price.tolist(), strict=True)),
        profits=dict(zip(table.mentees, found.profit.tolist(), strict=True)),
        bound=found.bound,
    )
    live = _live(table)
    asked = list(_questions(table, found.mate, spec))
    took, bounds, losses = [], [], []
    for question in asked:
        mentee, mentor = table.mentees[question.row], table.mentors[question.column]
        weight = int(table.weights[question.row, question.column])
        began = time.perf_counter()
        bound = certificate.cost_at_least(mentee, mentor, weight)
        took.append(time.perf_counter() - began)
        bounds.append(bound)
        losses.append(found.value - weight - _without(live, table, question))
    return {
        "seconds": took,
        "true": sum(bound <= loss for bound, loss in zip(bounds, losses, strict=True)),
        "exact": sum(bound == loss for bound, loss in zip(bounds, losses, strict=True)),
        "asked": len(asked),
        "gap": found.bound - found.value,
        "mean_bound": float(np.mean(bounds)),
        "mean_loss": float(np.mean(losses)),
    }


def _questions(table: Weighed, mate: Wide, spec: Spec) -> Iterator[Question]:
    draw = random.Random(spec["seed"])
    left = spec["pairs"]
    while left:
        row, column = draw.randrange(len(table.mentees)), draw.randrange(len(table.mentors))
        if table.weights[row, column] > 0 and mate[row] != column:
            left -= 1
            yield Question(row, column)


def _live(table: Weighed) -> engine.Live:
    live = engine.Live()
    for mentor, seats in zip(table.mentors, table.seats.tolist(), strict=True):
        live.mentor_joins(mentor, {}, capacity=seats)
    for row, mentee in enumerate(table.mentees):
        live.mentee_joins(mentee, _known(table, row))
    return live


def _known(table: Weighed, row: int) -> dict[str, int]:
    columns = np.flatnonzero(table.weights[row]).tolist()
    return {table.mentors[column]: int(table.weights[row, column]) for column in columns}


def _without(live: engine.Live, table: Weighed, question: Question) -> int:
    """The greatest value of everybody else's pairs, when a mentee and a seat are taken out."""
    mentee, mentor = table.mentees[question.row], table.mentors[question.column]
    seats = int(table.seats[question.column])
    live.mentee_leaves(mentee)
    live.capacity(mentor, seats - 1)
    value = live.proof().value
    live.capacity(mentor, seats)
    live.mentee_joins(mentee, _known(table, question.row))
    return value

"""Ours: "why not these two?" in numbers, and whether the number is true."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.matching import engine
from services.matching.engine import assign, score
from services.matching.engine import index as arrays
from services.matching.engine.live import Live
from tests.bench.matching import crowd
from tests.bench.matching.worker import Found, Spec


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
    index = arrays.build(crowd.market(spec["mentees"], seed=spec["seed"]))
    weights, _ = score.matrix(index)
    numbers = index.left.numbers, index.right.numbers
    found = assign.best(weights, index.seats, numbers, solver="graph")
    certificate = engine.Certificate(
        prices=dict(zip(numbers[1], found.price.tolist(), strict=True)),
        profits=dict(zip(numbers[0], found.profit.tolist(), strict=True)),
        bound=found.bound,
    )
    live = _live(index, weights)
    asked = list(_questions(weights, found.partner, index.seats, spec))
    took, bounds, losses = [], [], []
    for question in asked:
        mentee, mentor = numbers[0][question.row], numbers[1][question.column]
        weight = int(weights[question.row, question.column])
        began = time.perf_counter()
        bound = certificate.cost_at_least(mentee, mentor, weight)
        took.append(time.perf_counter() - began)
        bounds.append(bound)
        losses.append(found.value - weight - _without(live, (mentee, mentor), (index, weights, question)))
    return {
        "seconds": took,
        "true": sum(bound <= loss for bound, loss in zip(bounds, losses, strict=True)),
        "exact": sum(bound == loss for bound, loss in zip(bounds, losses, strict=True)),
        "asked": len(asked),
        "gap": found.bound - found.value,
        "mean_bound": float(np.mean(bounds)),
        "mean_loss": float(np.mean(losses)),
    }


def _questions(weights: np.ndarray, partner: np.ndarray, seats: np.ndarray, spec: Spec) -> Iterator[Question]:
    draw = random.Random(spec["seed"])
    left = spec["pairs"]
    while left:
        row, column = draw.randrange(len(weights)), draw.randrange(len(seats))
        if weights[row, column] > 0 and seats[column] > 0 and partner[row] != column:
            left -= 1
            yield Question(row, column)


def _live(index: arrays.Index, weights: np.ndarray) -> Live:
    live = Live()
    for mentor, seats in zip(index.right.numbers, index.seats.tolist(), strict=True):
        live.mentor_joins(mentor, {}, capacity=seats)
    for row, mentee in enumerate(index.left.numbers):
        live.mentee_joins(mentee, _known(index, weights, row))
    return live


def _known(index: arrays.Index, weights: np.ndarray, row: int) -> dict[str, int]:
    columns = np.flatnonzero(weights[row]).tolist()
    return {index.right.numbers[column]: int(weights[row, column]) for column in columns}


def _without(live: Live, pair: tuple[str, str], where: tuple[arrays.Index, np.ndarray, Question]) -> int:
    """The greatest value of everybody else's pairs, when a mentee and a seat are taken out."""
    (mentee, mentor), (index, weights, question) = pair, where
    seats = int(index.seats[question.column])
    live.mentee_leaves(mentee)
    live.capacity(mentor, seats - 1)
    value = live.proof().value
    live.capacity(mentor, seats)
    live.mentee_joins(mentee, _known(index, weights, question.row))
    return value

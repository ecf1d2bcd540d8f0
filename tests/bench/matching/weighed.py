"""A market as finished weights: for measurements that solve the same pairs again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching import engine
from services.matching.engine import index as arrays
from services.matching.engine import scoring
from tests.bench.matching.worker import Graph

Weights = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Weighed:
    """`weights` [mentees, mentors], 0 where a rule forbids the pair; `mentees` and `mentors` are numbers."""

    mentees: tuple[str, ...]
    mentors: tuple[str, ...]
    weights: Weights
    seats: npt.NDArray[np.int32]

    def graph(self, bonus: npt.NDArray[np.int64] | None = None) -> Graph:
        """All feasible pairs; `bonus` [mentees] is added to each pair of a mentee."""
        row, column = np.nonzero(self.weights)
        degree = np.bincount(row, minlength=len(self.mentees))
        weight = self.weights[row, column].astype(np.int64)
        return Graph(
            ptr=np.concatenate((np.zeros(1, np.int64), np.cumsum(degree))),
            col=column,
            weight=weight if bonus is None else weight + bonus[row],
            capacity=self.seats.astype(np.int64),
        )


def weighed(market: engine.Market) -> Weighed:
    index = arrays.build(market)
    weights, _ = scoring.matrix(index)
    return Weighed(index.left.numbers, index.right.numbers, weights, index.seats)

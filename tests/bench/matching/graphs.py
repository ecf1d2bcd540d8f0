"""Graphs that solvers find hard, each for its own reason; seeded, of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.bench.matching.worker import Graph

DEGREE = 16
MENTORS_PER_MENTEE = 0.4
SEATS = 2
MOST = 100_000

Wide = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Weigh: TypeAlias = Callable[[np.random.Generator, Wide, Wide, tuple[int, int]], Reals]


def hard(mentees: int, seed: int = 0) -> dict[str, Graph]:
    """All of them by name."""
    found = {name: _random(weigh, mentees, seed) for name, weigh in WEIGHTS.items()}
    return {**found, "chain": _chain(mentees), "band": _band(mentees, seed)}


def _random(weigh: Weigh, mentees: int, seed: int) -> Graph:
    """Everybody knows 16 mentors drawn at random; what a pair is worth is said by `weigh`, in (0, 1]."""
    draw = np.random.default_rng(seed)
    mentors = max(1, round(mentees * MENTORS_PER_MENTEE))
    edge = np.unique(
        np.repeat(np.arange(mentees), DEGREE) * mentors + draw.integers(0, mentors, mentees * DEGREE)
    )
    row, column = np.divmod(edge, mentors)
    worth = weigh(draw, row, column, (mentees, mentors))
    return _graph(row, column, worth, np.full(mentors, SEATS, np.int64))


def _iid(draw: np.random.Generator, row: Wide, column: Wide, sizes: tuple[int, int]) -> Reals:
    return draw.random(len(row))


def _low_rank(draw: np.random.Generator, row: Wide, column: Wide, sizes: tuple[int, int]) -> Reals:
    wish, offer = draw.random((sizes[0], 3)), draw.random((sizes[1], 3))
    return np.asarray((wish[row] * offer[column]).sum(axis=1) / 3)


def _common_value(draw: np.random.Generator, row: Wide, column: Wide, sizes: tuple[int, int]) -> Reals:
    """Everybody wants the same mentors; taste adds a hundredth."""
    return np.asarray(0.99 * draw.random(sizes[1])[column] + 0.01 * draw.random(len(row)))


def _four_values(draw: np.random.Generator, row: Wide, column: Wide, sizes: tuple[int, int]) -> Reals:
    return np.asarray(draw.integers(1, 5, len(row)) / 4)


def _equal(draw: np.random.Generator, row: Wide, column: Wide, sizes: tuple[int, int]) -> Reals:
    return np.ones(len(row))


def _product(draw: np.random.Generator, row: Wide, column: Wide, sizes: tuple[int, int]) -> Reals:
    """Better mentees gain more from better mentors: everybody bids against everybody."""
    return np.asarray(draw.random(sizes[0])[row] * draw.random(sizes[1])[column])


WEIGHTS: dict[str, Weigh] = {
    "iid": _iid,
    "low-rank": _low_rank,
    "common-value": _common_value,
    "four-value": _four_values,
    "equal": _equal,
    "product": _product,
}


def _chain(mentees: int) -> Graph:
    """Everybody would rather have the next one's mentor; the last one cannot, so all of them move."""
    row = np.repeat(np.arange(mentees), 2)[:-1]
    column = row + np.arange(len(row)) % 2
    worth = np.where(column > row, 1.0, 1 - 10 / MOST)
    return _graph(row, column, worth, np.ones(mentees, np.int64))


def _band(mentees: int, seed: int) -> Graph:
    """Everybody knows 16 neighbours on a line, nearer ones better."""
    draw = np.random.default_rng(seed)
    mentors = max(DEGREE, round(mentees * MENTORS_PER_MENTEE))
    home = np.arange(mentees) * mentors // mentees
    first = np.clip(home - DEGREE // 2, 0, mentors - DEGREE)
    row = np.repeat(np.arange(mentees), DEGREE)
    column = (first[:, None] + np.arange(DEGREE)).ravel()
    worth = 1 - np.abs(column - home[row]) / (2 * DEGREE) - draw.random(len(row)) / 100
    return _graph(row, column, worth, np.full(mentors, SEATS, np.int64))


def _graph(row: Wide, column: Wide, worth: Reals, capacity: Wide) -> Graph:
    """Edges in the order of their rows; what a pair is worth in (0, 1] becomes 1 to 100,000."""
    mentees = int(row[-1]) + 1
    ptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(row, minlength=mentees))))
    weight = np.maximum(1, np.rint(worth * MOST)).astype(np.int64)
    return Graph(ptr, column.astype(np.int64), weight, capacity)

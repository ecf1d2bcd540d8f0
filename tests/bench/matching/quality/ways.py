"""Ways to make pairs from what people told, and one from what they say they would like."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from services.matching import engine
from services.matching.engine import index as arrays
from services.matching.engine import scoring
from tests.bench.matching.quality.hidden import MENTORS, SEATS, Reals, World

Mates = npt.NDArray[np.int64]
NOBODY = -1
WEIGHT = 100_000


def ours(world: World, draw: np.random.Generator) -> Mates:
    """The product as it is: both sides' utilities, fused, the best sum of all."""
    solution = engine.solve(world.market)
    mate = np.full(len(world.possible), NOBODY)
    for pair in solution.pairs:
        mate[int(pair.mentee) - 1] = int(pair.mentor) - len(mate) - 1
    return mate


def at_random(world: World, draw: np.random.Generator) -> Mates:
    """Everybody in turn takes any free possible mentor."""
    return _in_turn(np.where(world.possible, draw.random(world.possible.shape), -np.inf), draw)


def greedy(world: World, draw: np.random.Generator) -> Mates:
    """Everybody in turn takes the free mentor who is worth most to them, by the product's own mentee side."""
    u, _ = scoring.utilities(arrays.build(world.market), slice(None), slice(None))
    return _in_turn(np.where(world.possible, u.astype(np.float64), -np.inf), draw)


def goal_overlap(world: World, draw: np.random.Generator) -> Mates:
    """The greatest sum of goals that the mentors name as skills; who overlaps equally is drawn."""
    offered = [frozenset(mentor.skills) for mentor in world.market.mentors]
    share = np.array(
        [[_share(mentee, skills) for skills in offered] for mentee in world.market.mentees], np.float64
    )
    worth = np.rint(WEIGHT * share) + 1 + draw.integers(0, 100, share.shape)
    row, column = np.nonzero(world.possible)
    ptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(world.possible.sum(axis=1))))
    weight = worth[row, column].astype(np.int64)
    return engine.solve_graph(ptr, column, weight, np.full(MENTORS, SEATS)).mate


def _share(mentee: engine.Mentee, skills: frozenset[str]) -> float:
    return sum(goal.skill in skills for goal in mentee.goals) / len(mentee.goals)


def stated(world: World, draw: np.random.Generator, unsure: float) -> Mates:
    """Deferred acceptance on wishes that both sides state: true liking, wrong by `unsure` deviations of it.

    Whole lists of all possible partners: the most that a wish form could ask for.
    """
    mine = world.mentee_likes + unsure * draw.normal(size=world.possible.shape) * _spread(world.mentee_likes)
    theirs = world.mentor_likes + unsure * draw.normal(size=world.possible.shape) * _spread(
        world.mentor_likes
    )
    mate = np.full(len(mine), NOBODY)
    wishes = [[int(j) for j in np.argsort(row) if row[j] > -np.inf] for row in mine]
    kept: list[list[tuple[float, int]]] = [[] for _ in range(MENTORS)]
    waiting = list(range(len(mine)))
    while waiting:
        row = waiting.pop()
        if not wishes[row]:
            continue
        column = wishes[row].pop()
        heapq.heappush(kept[column], (float(theirs[row, column]), row))
        if len(kept[column]) > SEATS:
            waiting.append(heapq.heappop(kept[column])[1])
    for column, seated in enumerate(kept):
        for _, row in seated:
            mate[row] = column
    return mate


def _spread(likes: Reals) -> float:
    return float(likes[np.isfinite(likes)].std())


def _in_turn(worth: Reals, draw: np.random.Generator) -> Mates:
    mate = np.full(len(worth), NOBODY)
    free = np.full(worth.shape[1], SEATS)
    for row in draw.permutation(len(worth)).tolist():
        best = int(np.where(free > 0, worth[row], -np.inf).argmax())
        if free[best] > 0 and worth[row, best] > -np.inf:
            mate[row] = best
            free[best] -= 1
    return mate


FROM_ANSWERS: Mapping[str, Callable[[World, np.random.Generator], Mates]] = {
    "ours": ours,
    "random": at_random,
    "greedy": greedy,
    "goals": goal_overlap,
}

"""Ours: groups that get mentors less often, balanced by the product's own remedy, and what that costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from services.matching import engine
from services.matching.core import balance
from services.matching.core.fairness import BALANCED_MIN, rate_ratio
from tests.bench.matching import crowd, weighed
from tests.bench.matching.weighed import Weighed
from tests.bench.matching.worker import Found, Spec

DEPARTMENTS = 12
Groups = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Someone:
    """As in a solution: a mentee of a pair, or somebody who waits although mentors fit."""

    mentee: str = ""
    number: str = ""
    role: str = "mentee"
    code: str = balance.NO_SEAT


@dataclass(frozen=True, slots=True)
class Solved:
    """What the remedy looks at in an `engine.Solution`, without its reasons; `worth` is without the bonus."""

    pairs: tuple[Someone, ...]
    waiting: tuple[Someone, ...]
    worth: int


def balanced(spec: Spec) -> Found:
    """For each kind of group the worst match-rate ratio before and after, and the share of welfare lost.

    Ratios are among people with a feasible mentor, of groups of at least twenty of them.
    """
    engine.warm()
    market = crowd.market(spec["mentees"], seed=spec["seed"])
    table = weighed.weighed(market)
    found = {}
    for kind, groups in _kinds(market).items():
        before = _solve(table, market)
        given = balance.multipliers(
            lambda amounts, groups=groups: _with(market, groups, amounts),
            groups,
            lambda one: _solve(table, one),  # type: ignore[arg-type,return-value]
        )
        after = _solve(table, _with(market, groups, given))
        found[kind] = {
            "before": _worst(before, groups),
            "after": _worst(after, groups),
            "lost": 1 - after.worth / before.worth,
            "largest": max(given.values(), default=0),
        }
    return found


def _kinds(market: engine.Market) -> dict[str, Groups]:
    kinds: dict[str, dict[str, list[str]]] = {"level": {}, "region": {}, "department": {}}
    for one in market.mentees:
        kinds["level"].setdefault(f"level-{one.level}", []).append(one.number)
        kinds["region"].setdefault(one.site.rpartition("-")[0], []).append(one.number)
        team = int(one.team.partition("-")[2])
        kinds["department"].setdefault(f"department-{team % DEPARTMENTS}", []).append(one.number)
    return {kind: dict(groups) for kind, groups in kinds.items()}


def _with(market: engine.Market, groups: Groups, amounts: Mapping[str, int]) -> engine.Market:
    return replace(market, bonus=balance.bonus({}, 0.0, groups, amounts))


def _solve(table: Weighed, market: engine.Market) -> Solved:
    bonus = np.array([market.bonus.get(number, 0) for number in table.mentees], np.int64)
    mate = engine.solve_graph(*table.graph(bonus)).mate
    able = np.flatnonzero(table.weights.any(axis=1))
    placed = able[mate[able] >= 0]
    return Solved(
        pairs=tuple(Someone(mentee=table.mentees[row]) for row in placed),
        waiting=tuple(Someone(number=table.mentees[row]) for row in able if mate[row] < 0),
        worth=int(table.weights[placed, mate[placed]].sum(dtype=np.int64)),
    )


def _worst(solved: Solved, groups: Groups) -> float:
    matched = {one.mentee for one in solved.pairs}
    able = matched | {one.number for one in solved.waiting}
    ratios = []
    for numbers in groups.values():
        inside = able & set(numbers)
        if len(inside) >= BALANCED_MIN:
            outside = able - inside
            ratio = rate_ratio(len(matched & inside), len(inside), len(matched & outside), len(outside))
            ratios.append(1.0 if ratio is None else ratio)
    return min(ratios, default=1.0)

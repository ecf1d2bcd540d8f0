"""The pairing engine: a market in, the best pairs out, each with its reasons. Pure; knows nobody's name.

    from datetime import date
    from zoneinfo import ZoneInfo
    from services.matching import engine, taxonomy

    topics = {s.code: engine.Topic(s.name, s.family) for s in taxonomy.skills().values()}
    hours = engine.half_hours(joined.hours, ZoneInfo("Europe/Berlin"), date(2026, 3, 2))
    market = engine.Market(
        mentees=(engine.Mentee(number="17", hours=hours, languages=frozenset({"en"}),
                               goals=(engine.Goal("2.B.1.d"),), values={"growth": 5}, level=1),),
        mentors=(engine.Mentor(number="3", hours=hours, languages=frozenset({"en"}),
                               skills={"2.B.1.d": 6}, level=3, capacity=2, seats_left=2),),
        managers={"17": "3", "3": None},
        topics=topics,
    )
    solution = engine.solve(market)
    for pair in solution.pairs: ...      # mentee, mentor, weight, score, reasons
    for person in solution.waiting: ...  # number, role, code, sentence
    engine.explain(market, "17", "3")    # one pair: forbidden by which rules, or its score and why

A market that cannot be computed (NaN, a level of 9, a number twice) raises `InvalidMarket` naming the field.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.matching.engine import fingerprint, flow, reasons, rules, score, waiting
from services.matching.engine import index as arrays
from services.matching.engine.hours import half_hours
from services.matching.engine.market import (
    Feedback,
    Goal,
    InvalidMarket,
    Market,
    Mentee,
    Mentor,
    Priors,
    ProgrammeRules,
    Topic,
    feedback,
)
from services.matching.engine.reasons import Reason
from services.matching.engine.reporting import tree
from services.matching.engine.score import Component
from services.matching.engine.waiting import Exclusion, Waiting

__all__ = [
    "Component",
    "Exclusion",
    "Feedback",
    "Goal",
    "InvalidMarket",
    "Market",
    "Mentee",
    "Mentor",
    "Pair",
    "Pairing",
    "Priors",
    "ProgrammeRules",
    "Reason",
    "Solution",
    "Topic",
    "Waiting",
    "explain",
    "feedback",
    "half_hours",
    "solve",
    "tree",
]


@dataclass(frozen=True, slots=True)
class Pair:
    """A chosen pair by employee numbers. `weight` is what the optimum sums up, `score` weight / 10⁵."""

    mentee: str
    mentor: str
    weight: int
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Solution:
    """The best pairs of a market, in the order of the mentees' numbers.

    `value` is the sum of the weights, `feasible_pairs` how many pairs no rule excludes, `cut_lines` the
    numbers whose manager was ignored because managers formed a circle.
    """

    pairs: tuple[Pair, ...]
    value: int
    feasible_pairs: int
    inputs_hash: str
    waiting: tuple[Waiting, ...]
    cut_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """One pair looked at: `forbidden` names the rules that exclude it (then it has no weight)."""

    weight: int
    score: float
    forbidden: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    components: tuple[Component, ...]


def solve(market: Market) -> Solution:
    """The pairs with the greatest sum of weights, at most one per mentee and none beyond a mentor's seats.

    Exact, and the same for the same market in any order. Raises InvalidMarket.
    """
    index = arrays.build(market)
    weights, bad = score.matrix(index)
    partner = flow.assign(weights, index.seats, index.left.numbers, index.right.numbers)
    pairs = tuple(
        _pair(index, row, int(column), int(weights[row, column]))
        for row, column in enumerate(partner)
        if column != flow.NOBODY
    )
    return Solution(
        pairs=pairs,
        value=sum(pair.weight for pair in pairs),
        feasible_pairs=int((weights > 0).sum()),
        inputs_hash=fingerprint.of(index),
        waiting=waiting.without_partner(index, weights, bad, partner),
        cut_lines=index.line.cut,
    )


def explain(market: Market, mentee: str, mentor: str) -> Pairing:
    """One pair of the market, chosen or not. Raises InvalidMarket; KeyError for a number it does not have."""
    index = arrays.build(market)
    rows = {number: row for row, number in enumerate(index.left.numbers)}
    columns = {number: column for column, number in enumerate(index.right.numbers)}
    row, column = rows[mentee], columns[mentor]
    broken = rules.broken(index, index.mentees[row], index.mentors[column])
    at = slice(row, row + 1), slice(column, column + 1)
    weight = 0 if broken else int(score.block(index, *at)[0, 0])
    return Pairing(
        weight=weight,
        score=weight / score.WEIGHT_OF_ONE,
        forbidden=reasons.forbidden(broken),
        reasons=reasons.why(index, row, column),
        components=score.components(index, row, column),
    )


def _pair(index: arrays.Index, row: int, column: int, weight: int) -> Pair:
    return Pair(
        mentee=index.left.numbers[row],
        mentor=index.right.numbers[column],
        weight=weight,
        score=weight / score.WEIGHT_OF_ONE,
        reasons=reasons.why(index, row, column),
    )

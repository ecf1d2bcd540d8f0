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
    solution.certificate.bound           # no other pairs are worth more; equal to solution.value: proven best
    engine.explain(market, "17", "3")    # one pair: forbidden by which rules, or its score and why
    engine.score(market, 0, 0)           # the same, by the places in the market
    engine.warm()                        # compiles the solver; until then a slower one serves

On plain arrays, without people: `engine.solve_index` (all pairs of a market), `engine.solve_graph`. For a
graph that changes: `engine.Live`. For a market whose people come and go: `engine.LiveMarket`, and where they
have flash talks `engine.LiveTalks`.

A market that cannot be computed (NaN, a level of 9, a number twice) raises `InvalidMarket` naming the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.engine import compiled, fingerprint, forms, outcome, scoring
from services.matching.engine import index as arrays
from services.matching.engine.assign import Solver
from services.matching.engine.following import LiveMarket
from services.matching.engine.forms import Proof as ProofKind
from services.matching.engine.forms import normal
from services.matching.engine.graph import Solved, Stop, never, solve_graph
from services.matching.engine.hours import half_hours
from services.matching.engine.live import Changed, Live, Proof
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
from services.matching.engine.outcome import solve_index
from services.matching.engine.prove import Proven
from services.matching.engine.reasons import Reason
from services.matching.engine.reporting import tree
from services.matching.engine.scoring import WEIGHT_OF_ONE, Component
from services.matching.engine.stability import Blocking
from services.matching.engine.state import NOBODY, Wide
from services.matching.engine.talks import LiveTalks
from services.matching.engine.waiting import Exclusion, Waiting
from services.matching.engine.warming import is_warm, warm

__all__ = [
    "WEIGHT_OF_ONE",
    "Blocking",
    "Certificate",
    "Changed",
    "Component",
    "Exclusion",
    "Feedback",
    "Goal",
    "InvalidMarket",
    "Live",
    "LiveMarket",
    "LiveTalks",
    "Market",
    "Mentee",
    "Mentor",
    "Pair",
    "Pairing",
    "Prepared",
    "Priors",
    "ProgrammeRules",
    "Proof",
    "ProofKind",
    "Proven",
    "Reason",
    "Solution",
    "Solved",
    "Solver",
    "Stop",
    "Tell",
    "Topic",
    "Waiting",
    "explain",
    "explain_all",
    "feedback",
    "half_hours",
    "is_warm",
    "normal",
    "prepare",
    "score",
    "solve",
    "solve_graph",
    "solve_index",
    "tree",
    "warm",
]

STEPS = 1_000

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """A chosen pair by employee numbers. `weight` is what the optimum sums up.

    `added` of it are the mentee's bonus and the programme's hysteresis; the rest / 10⁵ is the `score`.
    `slot`: the half-hour of a flash talk. Two peers stand in the order of their numbers.
    """

    mentee: str
    mentor: str
    weight: int
    score: float
    reasons: tuple[Reason, ...]
    added: int = 0
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why no other pairs are worth more: prices and profits of at least 0, in units of the weights.

    `prices` of one seat by mentor and `profits` by mentee; who is not named has 0. Their sum is at least the
    weight of every pair that no rule excludes. So nothing exceeds `bound` = Σ profits + Σ price · seats left.
    """

    prices: Mapping[str, int]
    profits: Mapping[str, int]
    bound: int

    def of_talks(self, mentor: str, slots: tuple[int, ...]) -> int:
        """The prices of a flash mentor's talks together; `prices` has them by mentor and slot."""
        return sum(self.prices.get(name, 0) for name in forms.talk_names((mentor,), slots))

    def cost_at_least(self, mentee: str, mentor: str, weight: int) -> int:
        """What all pairs together lose at least if these two, whom no rule forbids, are made a pair."""
        return self.profits.get(mentee, 0) + self.prices.get(mentor, 0) - weight


@dataclass(frozen=True, slots=True)
class Solution:
    """The best pairs of a market, in the order of the mentees' numbers.

    `value` is the sum of the weights, `feasible_pairs` how many pairs no rule excludes, `cut_lines` the
    numbers whose manager was ignored because managers formed a circle. `blocking` counts the pairs who would
    rather have each other. `solver` found the prices; the pairs are the same with either. `proof` is the
    kind of certificate, see `forms.Found`.
    """

    pairs: tuple[Pair, ...]
    value: int
    feasible_pairs: int
    inputs_hash: str
    waiting: tuple[Waiting, ...]
    cut_lines: tuple[str, ...]
    certificate: Certificate
    blocking: tuple[Blocking, ...]
    solver: Solver
    proof: ProofKind = "prices"

    @property
    def gap(self) -> int:
        """How much better other pairs could be at most; 0 is proven best."""
        return self.certificate.bound - self.value


@dataclass(frozen=True, slots=True)
class Pairing:
    """One pair looked at: `forbidden` names the rules that exclude it (then it has no weight).

    `added` of the weight are the mentee's bonus and the programme's hysteresis. `lift` is how far a favourite
    moved what the mentor is worth to the mentee, from the sum of the components towards 1.
    """

    weight: int
    score: float
    forbidden: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    components: tuple[Component, ...]
    inputs_hash: str
    added: int = 0
    lift: float = 0.0


def solve(
    market: Market,
    *,
    solver: Solver | None = None,
    stop: Stop = never,
    tell: Tell | None = None,
    table_bytes_max: int = outcome.TABLE_BYTES_MAX,
) -> Solution:
    """The pairs with the greatest sum of weights, at most one per mentee and none beyond a mentor's seats.

    Exact, and the same for the same market in any order. `stop` is asked now and then: once it says yes, the
    best pairs so far are the answer, with the gap that is proven by then. `tell(done, of)` hears of the
    progress and may raise to give up.

    Raises InvalidMarket, also where a table of all pairs is needed and takes more than `table_bytes_max`: for
    every form but one-to-one and reverse for welfare, and for these with the flow.
    """
    told = tell or silent
    index = arrays.build(forms.normal(market))

    def part(share: float) -> None:
        told(int(share * (STEPS - 1)), STEPS)

    part(0.0)
    chosen = solver or ready(index, table_bytes_max)
    if chosen == "graph" and outcome.by_looks(index):
        came = outcome.of_looks(index, outcome.crew(stop, part))
    else:
        outcome.refuse_what_is_too_large(index, table_bytes_max)
        came = outcome.of_weights(index, chosen, stop, part)
    solution = _solution(index, came)
    told(STEPS, STEPS)
    return solution


def _solution(index: arrays.Index, came: outcome.Outcome) -> Solution:
    return Solution(
        pairs=tuple(_pairs(index, came.found)),
        value=came.found.value,
        feasible_pairs=came.feasible,
        inputs_hash=fingerprint.of(index),
        waiting=came.waiting,
        cut_lines=index.line.cut,
        certificate=Certificate(
            prices=_named(forms.priced(index), came.found.price),
            profits=_named(index.left.numbers, came.found.profit),
            bound=came.found.bound,
        ),
        blocking=came.blocking,
        solver=came.found.solver,
        proof=came.found.proof,
    )


def ready(index: arrays.Index, table_bytes_max: int) -> Solver:
    """The solver that can start now: the flow until the kernels are compiled.

    A market whose pairs the flow cannot hold waits for the compiler, where there is one.
    """
    if is_warm() or (outcome.too_large(index, table_bytes_max) and compiled.can_compile()):
        return "graph"
    return "flow"


def silent(done: int, of: int) -> None:
    """Tells nobody."""


def _named(numbers: Sequence[str], amounts: Wide) -> dict[str, int]:
    return {number: amount for number, amount in zip(numbers, amounts.tolist(), strict=True) if amount}


def explain(market: Market, mentee: str, mentor: str) -> Pairing:
    """One pair of the market, chosen or not. Raises InvalidMarket; KeyError for a number it does not have."""
    return prepare(market).explain(mentee, mentor)


def score(market: Market, i: int, j: int) -> Pairing:
    """How well the mentee `market.mentees[i]` and the mentor `market.mentors[j]` fit: the weight and its
    components, or the rules that exclude them. Raises InvalidMarket, and IndexError for a place too far."""
    return explain(market, market.mentees[i].number, market.mentors[j].number)


def explain_all(market: Market, pairs: Sequence[tuple[str, str]]) -> list[Pairing]:
    """Several pairs of one market. Raises InvalidMarket; KeyError for a number it does not have."""
    prepared = prepare(market)
    return [prepared.explain(mentee, mentor) for mentee, mentor in pairs]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A market made ready for many questions: making it takes a second per ten thousand people, asking
    none."""

    index: arrays.Index
    inputs_hash: str
    rows: Mapping[str, int]
    columns: Mapping[str, int]

    def explain(self, mentee: str, mentor: str) -> Pairing:
        """One pair of the market. Raises KeyError for a number it does not have."""
        return _pairing(self.index, self.rows[mentee], self.columns[mentor], self.inputs_hash)


def prepare(market: Market) -> Prepared:
    """Raises InvalidMarket."""
    index = arrays.build(forms.normal(market))
    return Prepared(
        index=index,
        inputs_hash=fingerprint.of(index),
        rows={number: row for row, number in enumerate(index.left.numbers)},
        columns={number: column for column, number in enumerate(index.right.numbers)},
    )


def _pairing(index: arrays.Index, row: int, column: int, inputs_hash: str) -> Pairing:
    fit, added, broken = forms.explained(index, row, column)
    at = slice(row, row + 1), slice(column, column + 1)
    return Pairing(
        weight=fit + added,
        score=fit / scoring.WEIGHT_OF_ONE,
        forbidden=forms.forbidden(index, broken),
        reasons=forms.why(index, row, column),
        components=scoring.components(index, row, column),
        inputs_hash=inputs_hash,
        added=added,
        lift=float(index.lift[index.inside(index.favourites, *at).here].sum()),
    )


def _pairs(index: arrays.Index, found: forms.Found) -> Iterator[Pair]:
    """The pairs in the order of the rows, with their reasons."""
    made = np.array(forms.made(index, found), np.int64).reshape(-1, 2)
    rows, columns = made.T
    worth = forms.worth_all(index, rows, columns)
    reasons_of = forms.why_all(index, rows, columns)
    for at, (row, column) in enumerate(made.tolist()):
        fit, added = worth[at]
        yield Pair(
            mentee=index.left.numbers[row],
            mentor=index.right.numbers[column],
            weight=fit + added,
            score=fit / scoring.WEIGHT_OF_ONE,
            reasons=reasons_of[at],
            added=added,
            slot=None if found.slot[row] == NOBODY else int(found.slot[row]),
        )

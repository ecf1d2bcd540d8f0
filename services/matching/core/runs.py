"""A matching run: what went in, what came out, and who was left waiting and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from services.matching import engine
from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, Role, RunId
from services.matching.engine.ladder import Ladder
from shared.errors import Refused

Verdict = Literal["made", "forbidden", "no-seat", "possible", "changed"]
RunState = Literal["queued", "solving", "review", "published", "cancelled", "failed"]
UNPUBLISHED = frozenset({"queued", "solving", "review"})
ATTEMPTS_MAX = 5
SOMEBODY_JOINED = "somebody joined"
NO_COST: Mapping[engine.ProofKind, str] = {
    "no-blocking-pair": (
        "The pair fits, but the two would not both rather have each other than whom they have: that is what "
        "this programme looks for."
    ),
    "halves": "The pair fits. What it would have cost all the others is not proven.",
    "slots": "The pair fits. What their talk would have cost all the others depends on its time.",
    "relaxation": "The pair fits. What another circle would have cost all the others is not proven.",
}


class RunFinished(Refused):
    code = "run-finished"


@dataclass(frozen=True)
class Run:
    """`value` is the sum of the integer weights of the pairs. Equal `inputs_hash`, equal pairs.

    No pairs could be worth more than `bound`. `blocking` counts, by margin, the pairs who would rather have
    each other. Runs from before that was proven have neither. While it is solved, `done` of `total` is how
    far it is in `phase`. `attempts` counts the processes that began it. `rules` are the programme's as they
    were, `looked_at` is the time the pool was looked at, `dropped` counts pairs that were not possible any
    more when they were to be proposed. `alarm`: some group was matched less than four fifths as often as
    everybody else. `edition` names the contents of the tables it holds for. `replaces` is the run
    under review whose pairs stood when it looked.
    """

    id: RunId
    programme_id: ProgrammeId
    created_at: datetime
    mentees: int = 0
    mentors: int = 0
    feasible_pairs: int = 0
    proposed: int = 0
    value: int = 0
    inputs_hash: str = ""
    bound: int | None = None
    blocking: Mapping[str, int] = field(default_factory=dict)
    solver: engine.Solver | None = None
    state: RunState = "queued"
    phase: str = ""
    done: int = 0
    total: int = 0
    attempts: int = 0
    problem: str | None = None
    asked_by: str = ""
    rules: Mapping[str, Any] | None = None
    dropped: int = 0
    looked_at: datetime | None = None
    finished_at: datetime | None = None
    version: int = 1
    alarm: bool = False
    edition: str = ""
    replaces: RunId | None = None

    @property
    def gap(self) -> int | None:
        """How much more other pairs could have been worth at most; 0 is proven best."""
        return None if self.bound is None else self.bound - self.value

    @property
    def proof(self) -> engine.ProofKind:
        """What kind of certificate the run has; see `engine.forms`."""
        rules = self.rules or {}
        if rules.get("mode") == "stable":
            return "no-blocking-pair"
        kinds: Mapping[str, engine.ProofKind] = {
            "circle": "relaxation",
            "peer": "halves",
            "flash": "slots",
        }
        return kinds.get(rules.get("form", ""), "prices")

    @property
    def only_offers(self) -> bool:
        """Whether it was asked for because somebody joined: what is not good enough waits for the round."""
        return self.asked_by == SOMEBODY_JOINED

    @property
    def seen_at(self) -> datetime:
        """The business time of what went in."""
        return self.looked_at or self.created_at


def begun(run: Run, *, now: datetime) -> Run:
    """The run in the hands of a process; failed where too many of them ended in the middle of it."""
    if run.attempts >= ATTEMPTS_MAX:
        return failed(
            run, f"{run.attempts} processes ended while they solved it: is there enough memory?", now=now
        )
    return replace(
        run, state="solving", phase="loading", done=0, total=0, attempts=run.attempts + 1, looked_at=now
    )


def failed(run: Run, problem: str, *, now: datetime) -> Run:
    return replace(run, state="failed", problem=problem, finished_at=now, version=run.version + 1)


def cancelled(run: Run, problem: str, *, now: datetime) -> Run:
    """Raises RunFinished where nothing is left to cancel."""
    if run.state not in UNPUBLISHED:
        raise RunFinished(f"This run is {run.state}: there is nothing left to cancel.")
    return replace(run, state="cancelled", problem=problem, finished_at=now, version=run.version + 1)


@dataclass(frozen=True)
class Found:
    """A pair a run found, by participations; `explanation` is why. `weight` is its score as an integer,
    `added` what the solver counted besides. `talk_at` is when the talk of a flash pair begins."""

    mentee_participation_id: ParticipationId
    mentor_participation_id: ParticipationId
    mentee_id: PersonId
    mentor_id: PersonId
    weight: int
    explanation: Mapping[str, Any]
    added: int = 0
    talk_at: datetime | None = None

    @property
    def worth(self) -> int:
        """What the pair adds to the value of a run."""
        return self.weight + self.added


@dataclass(frozen=True)
class Proven:
    """One line of a run's certificate: a mentee's profit (`seats` is 1), or the price of a mentor's seat."""

    participation_id: ParticipationId
    amount: int
    seats: int


@dataclass(frozen=True)
class ProvenOf:
    """A line of a certificate with whom it is about."""

    participation_id: ParticipationId
    person_id: PersonId
    role: Role
    amount: int
    seats: int
    joined_at: datetime


@dataclass(frozen=True)
class WhyNot:
    """A pair looked at after a run. `cost_at_least`, in units of weights, is what all pairs together would
    have lost if this one had been made: proven, not estimated."""

    verdict: Verdict
    sentence: str
    weight: int
    reasons: tuple[engine.Reason, ...]
    components: tuple[engine.Component, ...] = ()
    cost_at_least: int | None = None


def why_not(
    looked_at: engine.Pairing,
    *,
    proven: tuple[Proven, Proven] | None,
    made: bool,
    proof: engine.ProofKind = "prices",
) -> WhyNot:
    """The verdict on a pair, from its rules and from the lines of the two if they still hold."""
    found = _verdict(looked_at, proven=proven, made=made)
    if found.verdict == "possible" and proof in NO_COST:
        found = replace(found, sentence=NO_COST[proof], cost_at_least=None)
    return found if looked_at.forbidden else replace(found, components=looked_at.components)


def _verdict(looked_at: engine.Pairing, *, proven: tuple[Proven, Proven] | None, made: bool) -> WhyNot:
    if looked_at.forbidden:
        sentence = " ".join(reason.sentence for reason in looked_at.forbidden)
        return WhyNot("forbidden", sentence, 0, looked_at.forbidden)
    if made:
        return WhyNot("made", "This pair was made.", looked_at.weight, looked_at.reasons, cost_at_least=0)
    if proven is None:
        sentence = "Answers or people have changed since the run, so it proves nothing about this pair."
        return WhyNot("changed", sentence, looked_at.weight, looked_at.reasons)
    mentee, mentor = proven
    if mentor.seats == 0:
        return WhyNot("no-seat", "The mentor had no seat left.", looked_at.weight, looked_at.reasons)
    cost = mentee.amount + mentor.amount - looked_at.weight
    points = f"{cost / engine.WEIGHT_OF_ONE:.5f}"
    sentence = f"With this pair all pairs together would have lost a score of at least {points}."
    if cost == 0:
        sentence = "The pair fits, and the proof does not rule out that it costs nothing: a tie may decide."
    return WhyNot("possible", sentence, looked_at.weight, looked_at.reasons, cost_at_least=cost)


@dataclass(frozen=True)
class Left:
    """A participation without a partner after a run."""

    participation_id: ParticipationId
    person_id: PersonId
    role: Role
    reason: str
    sentence: str


@dataclass(frozen=True)
class Nobody:
    """Somebody a run left waiting, and what would help; no ladder for who is not in the market any more."""

    left: Left
    ladder: Ladder | None


@dataclass(frozen=True)
class Waiter:
    """Somebody without a partner now; no reason yet where no run has looked at them."""

    participation_id: ParticipationId
    person_id: PersonId
    employee_number: str
    name: str
    role: Role
    reason: str | None
    sentence: str | None
    joined_at: datetime
    waiting_since: datetime
    next_look_at: datetime | None
    paused_until: date | None

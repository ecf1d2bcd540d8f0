"""Looking at a run before it is published: what an administrator decides, and what that asks of the pairs.

Decisions are never undone, only followed by others. Folded in their order they say which pairs are fixed,
which are ruled out, and who stays out; all other pairs are again the best ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from services.matching import engine
from services.matching.core import outcomes
from services.matching.core.ids import ParticipationId, RunId
from services.matching.core.outcomes import Outcome
from services.matching.core.pool import Pool
from services.matching.core.runs import Found, Left, Proven
from shared.errors import Refused

Kind = Literal["approve", "reject", "pin", "swap", "exclude", "exclude-pair", "release"]
Couple: TypeAlias = tuple[ParticipationId, ParticipationId]
TAKEN_OUT = "taken-out"
TAKEN_OUT_SENTENCE = "Was taken out of this run by an administrator."


class NotInReview(Refused):
    code = "not-in-review"


class WrongDecision(Refused):
    status = 422
    code = "wrong-decision"


@dataclass(frozen=True)
class Decision:
    """`cost` is what all pairs together lost by it, in units of weights; below 0 they gained."""

    run_id: RunId
    ordinal: int
    kind: Kind
    by: str
    reason: str
    at: datetime
    mentee: ParticipationId | None = None
    mentor: ParticipationId | None = None
    second_mentee: ParticipationId | None = None
    second_mentor: ParticipationId | None = None
    cost: int = 0


@dataclass(frozen=True)
class Demands:
    """Pairs that are to be, by mentee; pairs that are not to be; participations that stay out."""

    fixed: Mapping[ParticipationId, ParticipationId] = field(default_factory=dict)
    banned: frozenset[Couple] = frozenset()
    out: frozenset[ParticipationId] = frozenset()


def demands(decisions: Iterable[Decision]) -> Demands:
    """What the decisions ask for together; a later one about the same people counts."""
    found = Demands()
    for one in decisions:
        found = _after(found, one)
    return found


def _after(before: Demands, one: Decision) -> Demands:
    fixed, banned, out = dict(before.fixed), set(before.banned), set(before.out)
    couples = [
        (mentee, mentor)
        for mentee, mentor in ((one.mentee, one.mentor), (one.second_mentee, one.second_mentor))
        if mentee is not None and mentor is not None
    ]
    if one.kind in ("approve", "pin", "swap"):
        for mentee, mentor in couples:
            fixed[mentee] = mentor
            banned.discard((mentee, mentor))
            out -= {mentee, mentor}
    if one.kind in ("reject", "exclude-pair"):
        for mentee, mentor in couples:
            banned.add((mentee, mentor))
            fixed = {a: b for a, b in fixed.items() if (a, b) != (mentee, mentor)}
    gone = {who for who in (one.mentee, one.mentor) if who is not None}
    if one.kind == "exclude":
        out |= gone
        fixed = {a: b for a, b in fixed.items() if not gone & {a, b}}
    if one.kind == "release":
        out -= gone
        fixed = {a: b for a, b in fixed.items() if not gone & {a, b}}
        banned = {couple for couple in banned if not gone & set(couple)}
    return Demands(fixed, frozenset(banned), frozenset(out))


def market_with(pool: Pool, market: engine.Market, asked: Demands) -> engine.Market:
    """The market that is left to the solver: who is fixed or out is not looked for, seats of fixed pairs are
    taken. Nobody leaves it, so no weight changes. Raises WrongDecision where a mentor has too few seats."""
    number = {one.id: pool.number(one.person_id) for one in pool.participations}
    seats = Counter(number[mentor] for mentor in asked.fixed.values())
    mentees = {one.id for one in pool.participations if one.role == "mentee"}
    not_looking = {number[one] for one in (*asked.fixed, *(asked.out & mentees)) if one in number}
    closed = {number[one] for one in asked.out - mentees if one in number}
    return replace(
        market,
        mentees=tuple(
            replace(one, eligible=one.eligible and one.number not in not_looking) for one in market.mentees
        ),
        mentors=tuple(
            replace(one, seats_left=_seats(one, seats[one.number], closed)) for one in market.mentors
        ),
        blocked=market.blocked | {(number[a], number[b]) for a, b in asked.banned},
    )


def _seats(mentor: engine.Mentor, taken: int, closed: set[str]) -> int:
    if taken > mentor.seats_left:
        raise WrongDecision(f"The mentor {mentor.number} has {mentor.seats_left} seats left, not {taken}.")
    return 0 if mentor.number in closed else mentor.seats_left - taken


def with_fixed(pool: Pool, solved: Outcome, fixed: Sequence[Found], asked: Demands) -> Outcome:
    """What came of the market that was left, and the fixed pairs. The profit of a fixed mentee is the weight
    of the pair, so that the proof adds up again."""
    weight = {one.mentee_participation_id: one.worth for one in fixed}
    total = sum(weight.values())
    pairs = (*solved.pairs, *fixed)
    return replace(
        solved,
        value=solved.value + total,
        bound=solved.bound + total,
        pairs=pairs,
        left=tuple(_left(one, asked) for one in solved.left if one.participation_id not in asked.fixed),
        proven=tuple(_proven(one, weight) for one in solved.proven),
        ledger=outcomes.ledger(pool, solved.market, pairs),
    )


def _left(one: Left, asked: Demands) -> Left:
    if one.participation_id not in asked.out:
        return one
    return replace(one, reason=TAKEN_OUT, sentence=TAKEN_OUT_SENTENCE)


def _proven(line: Proven, weight: Mapping[ParticipationId, int]) -> Proven:
    return replace(line, amount=weight.get(line.participation_id, line.amount))


@dataclass(frozen=True)
class Difference:
    """What a decision does: pairs that go and come, mentees who have nobody any more, and the cost."""

    before: int
    after: int
    gone: tuple[Found, ...]
    new: tuple[Found, ...]
    without: tuple[ParticipationId, ...]

    @property
    def cost(self) -> int:
        return self.before - self.after


def score(pairs: Iterable[Found]) -> int:
    """The scores of pairs together, in units of weights, without what the solver counted besides."""
    return sum(one.weight for one in pairs)


def difference(before: Sequence[Found], value: int, after: Outcome) -> Difference:
    """`value` is the score of the pairs before."""
    were = {(one.mentee_participation_id, one.mentor_participation_id) for one in before}
    are = {(one.mentee_participation_id, one.mentor_participation_id) for one in after.pairs}
    placed = {mentee for mentee, _ in are}
    return Difference(
        before=value,
        after=score(after.pairs),
        gone=tuple(
            one for one in before if (one.mentee_participation_id, one.mentor_participation_id) not in are
        ),
        new=tuple(
            one
            for one in after.pairs
            if (one.mentee_participation_id, one.mentor_participation_id) not in were
        ),
        without=tuple(mentee for mentee, _ in sorted(were, key=str) if mentee not in placed),
    )

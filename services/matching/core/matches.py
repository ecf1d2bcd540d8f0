"""The life of a match: proposed, answered by both sides, made or not, ended. One id from start to end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from services.matching.core import lessons
from services.matching.core.ids import GroupId, MatchId, ParticipationId, PersonId, ProgrammeId, RunId, Side
from services.matching.core.participations import Participation
from services.matching.core.programmes import ANSWER_DAYS, LAPSED_BLOCK_DAYS, TALK_NOTICE
from shared.errors import Refused

State = Literal["proposed", "active", "declined", "lapsed", "ended", "informal"]
Answer = Literal["accept", "decline"]
REASONS: Mapping[str, str] = {
    "no-time": "I have no time at the moment",
    "not-my-goals": "This is not what I am looking for",
    "know-each-other": "We know each other well, or work closely together",
    "wrong-style": "Our ways of working would not fit",
    "prefer-other": "I would prefer somebody else",
    "other": "Something else",
}
WEIGHT_ONE = 100_000


class CapacityExceeded(Refused):
    code = "capacity-exceeded"


class AlreadyMatched(Refused):
    code = "already-matched"


class ProposalClosed(Refused):
    code = "proposal-closed"


GONE = frozenset({"left-company", "inactive", "left-group", "withdrew", "erased"})
NOBODYS_FAULT = GONE | {"leave", "reporting-line", "rules-forbid"}
"""Why a pair came to nothing that says nothing about the two of them: they may be brought together again."""


class NotCompleted(Refused):
    """Only what was completed can go on informally."""

    code = "not-completed"


class NotFlagged(Refused):
    code = "not-flagged"


class AlreadyAnswered(Refused):
    code = "already-answered"


@dataclass(frozen=True)
class Match:
    """Two people of one programme. `weight` is the integer weight of the pair, 100,000 = a score of 1.

    `explanation` is why this pair, as it was seen when it was proposed. `run_id` is empty for a match made by
    hand. Answers are empty until given. The matches of the mentees of one circle share `group_id`. Of two
    `peer`s the ids are in the order of their numbers. `flag` is why somebody has to look at an active match.
    `talk_at` is when the one talk of a flash match begins.
    """

    id: MatchId
    programme_id: ProgrammeId
    run_id: RunId | None
    mentee_participation_id: ParticipationId
    mentor_participation_id: ParticipationId
    mentee_id: PersonId
    mentor_id: PersonId
    state: State
    weight: int
    answer_by: datetime
    created_at: datetime
    explanation: Mapping[str, Any] = field(default_factory=dict)
    mentee_answer: Answer | None = None
    mentor_answer: Answer | None = None
    decline_reason: str | None = None
    declined_by: PersonId | None = None
    made_at: datetime | None = None
    ends_on: date | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    version: int = 1
    group_id: GroupId | None = None
    peer: bool = False
    flag: str | None = None
    flagged_at: datetime | None = None
    talk_at: datetime | None = None

    @property
    def score(self) -> float:
        return self.weight / WEIGHT_ONE

    def role_of(self, person_id: PersonId) -> Side | None:
        if person_id == self.mentee_id:
            return "mentee"
        return "mentor" if person_id == self.mentor_id else None

    def answer_of(self, role: Side) -> Answer | None:
        return self.mentee_answer if role == "mentee" else self.mentor_answer


@dataclass(frozen=True)
class Block:
    """Two people who are not to be brought together, in either role; for ever where `until` is empty."""

    mentee_id: PersonId
    mentor_id: PersonId
    reason: str
    until: datetime | None


def between(
    match_id: MatchId,
    mentee: Participation,
    mentor: Participation,
    *,
    now: datetime,
    weight: int,
    explanation: Mapping[str, Any],
    group_id: GroupId | None,
    talk_at: datetime | None = None,
) -> Match:
    """A proposal made by somebody, not by a run, to two whose participations are locked."""
    return Match(
        id=match_id,
        programme_id=mentee.programme_id,
        run_id=None,
        mentee_participation_id=mentee.id,
        mentor_participation_id=mentor.id,
        mentee_id=mentee.person_id,
        mentor_id=mentor.person_id,
        state="proposed",
        weight=weight,
        answer_by=answer_by(now, talk_at),
        created_at=now,
        explanation=explanation,
        group_id=group_id,
        peer=mentor.role == "peer",
        talk_at=talk_at,
    )


def made_at_once(match: Match, *, now: datetime, ends_on: date) -> Match:
    """A match that nobody is asked about."""
    return replace(match, state="active", answer_by=now, made_at=now, ends_on=ends_on)


def answer_by(now: datetime, talk_at: datetime | None = None) -> datetime:
    """Three days, and before a flash talk so early that both still have half of its notice."""
    usual = now + timedelta(days=ANSWER_DAYS)
    return usual if talk_at is None else min(usual, talk_at - TALK_NOTICE / 2)


def take_seat(*, capacity: int, taken: int) -> None:
    """Raises CapacityExceeded. `taken` are active matches and open proposals, counted under the lock."""
    if taken >= capacity:
        raise CapacityExceeded(
            f"The mentor has {capacity} {'seat' if capacity == 1 else 'seats'}, all taken."
        )


def answered(
    match: Match, role: Side, answer: Answer, *, reason: str | None, now: datetime, ends_on: date
) -> Match:
    """The match after one side's answer; active when both said yes, and then until `ends_on`.

    Raises ProposalClosed when there is nothing to answer any more, AlreadyAnswered when this side did.
    """
    if match.state != "proposed" or now >= match.answer_by:
        raise ProposalClosed("This proposal is closed: there is nothing left to answer.")
    if match.answer_of(role) is not None:
        raise AlreadyAnswered("You have answered this proposal already.")
    after = replace(match, mentee_answer=answer) if role == "mentee" else replace(match, mentor_answer=answer)
    after = replace(after, version=match.version + 1)
    if answer == "decline":
        by = match.mentee_id if role == "mentee" else match.mentor_id
        return replace(after, state="declined", declined_by=by, decline_reason=reason or "not-given")
    if after.mentee_answer == after.mentor_answer == "accept":
        return replace(after, state="active", made_at=now, ends_on=ends_on)
    return after


def lapsed(match: Match) -> Match:
    """The proposal after its time went by without two answers."""
    return replace(match, state="lapsed", decline_reason="lapsed", version=match.version + 1)


def withdrawn(match: Match, reason: str) -> Match:
    """A proposal that cannot become a match any more, though neither of the two said no."""
    return replace(match, state="declined", decline_reason=reason, version=match.version + 1)


def flagged(match: Match, reason: str, *, now: datetime) -> Match:
    return replace(match, flag=reason, flagged_at=now, version=match.version + 1)


def looked_at(match: Match) -> Match:
    """A flagged match after somebody has looked at it and let it be. Raises NotFlagged."""
    if match.flag is None:
        raise NotFlagged("There is nothing to look at in this match.")
    return replace(match, flag=None, flagged_at=None, version=match.version + 1)


def ended(match: Match, reason: str, *, now: datetime) -> Match:
    return replace(match, state="ended", ended_at=now, end_reason=reason, version=match.version + 1)


def continued(match: Match, wanting: Collection[PersonId]) -> Match:
    """The match after one side said that they want to go on; informal once both did.

    Raises NotCompleted for a match that goes on anyway, or that ended early.
    """
    if match.state == "informal":
        return match
    if match.state != "ended" or match.end_reason != "completed":
        raise NotCompleted("Only a match that was completed can go on informally.")
    if not {match.mentee_id, match.mentor_id} <= set(wanting):
        return match
    return replace(match, state="informal", version=match.version + 1)


def over_at(ends_on: date) -> datetime:
    """A match lasts to the end (UTC) of its last day."""
    return datetime.combine(ends_on + timedelta(days=1), time(tzinfo=UTC))


def last_day_before(now: datetime) -> date:
    """Matches whose last day is this one or an earlier one are over."""
    return now.astimezone(UTC).date() - timedelta(days=1)


def rating(ratings: Mapping[str, int]) -> float | None:
    """The mean of a feedback's ratings of 1 to 5; others are not ours to understand."""
    known = [value for value in ratings.values() if 1 <= value <= 5]
    return sum(known) / len(known) if known else None


def block_after(match: Match, *, now: datetime) -> Block | None:
    """Whom not to bring together again after this end, and until when: see `lessons` for a "no"."""
    if match.state == "lapsed":
        until = now + timedelta(days=LAPSED_BLOCK_DAYS)
        return Block(match.mentee_id, match.mentor_id, "lapsed", until)
    if match.decline_reason in NOBODYS_FAULT or match.end_reason in NOBODYS_FAULT:
        return None
    if match.state == "declined":
        reason = match.decline_reason or "declined"
        days = lessons.teaching(reason).apart_days
        return Block(
            match.mentee_id, match.mentor_id, reason, None if days is None else now + timedelta(days=days)
        )
    if match.state == "ended":
        return Block(match.mentee_id, match.mentor_id, match.end_reason or "ended", None)
    return None

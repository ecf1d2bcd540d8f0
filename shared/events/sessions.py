"""The rhythm and the work of a pair."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AwareDatetime, Field

from shared.events.event import (
    Cadence,
    Event,
    MatchId,
    MeetingId,
    PersonId,
    ProgrammeId,
    Role,
    SessionId,
)


class AgreementChanged(Event):
    """One side asks for other terms than the partner has confirmed: the partner has to look again."""

    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    version: int
    changed_by: PersonId


class AgreementConfirmed(Event):
    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    version: int
    hours_per_month: int
    cadence: Cadence
    focus: str


class SessionScheduled(Event):
    """`sequence` is the iCalendar SEQUENCE of the invitation; `ordinal` counts the pair's sessions from 1."""

    key_field = "match_id"

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    sequence: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mode: str = Field(description="video, in-person or chat")
    meeting_id: MeetingId | None = Field(
        None, description="shared by the sessions that the pairs of a circle hold together"
    )


class SessionMoved(Event):
    key_field = "match_id"

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    sequence: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mode: str
    previous_starts_at: AwareDatetime
    moved_by: PersonId | None


class SessionCancelled(Event):
    key_field = "match_id"

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    sequence: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    cancelled_by: PersonId | None
    late: bool = Field(description="inside the notice window of 24 hours")
    reason: str


class SessionMissed(Event):
    key_field = "match_id"

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    starts_at: AwareDatetime
    reported_by: PersonId | None


class SessionCompleted(Event):
    key_field = "match_id"

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class FeedbackSubmitted(Event):
    """Ratings (1 to 5 by name) and codes; what was written stays in scheduling."""

    key_field = "match_id"

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    ordinal: int
    author_id: PersonId
    author_role: Role
    about_id: PersonId
    ratings: Mapping[str, int]
    fit: str | None = Field(description="good, unsure or not-good; asked after session 1")

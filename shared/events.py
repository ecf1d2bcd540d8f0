"""Every event the company says, in story order: the phrasebook all services share.

An event is a past fact. Its topic is its name, its key the entity whose order matters, `at` the business
time at which it happened. Ids and codes travel; personal data travels in `PersonChanged` alone.

A listener ignores fields it does not know (`parse_event`); a speaker may not say unknown ones. Within a
version only optional fields with defaults are added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import ClassVar, Literal, NewType, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

PersonId = NewType("PersonId", UUID)
ProgrammeId = NewType("ProgrammeId", UUID)
ParticipationId = NewType("ParticipationId", UUID)
MatchId = NewType("MatchId", UUID)
RunId = NewType("RunId", UUID)
GroupId = NewType("GroupId", UUID)
SessionId = NewType("SessionId", UUID)
MessageId = NewType("MessageId", UUID)

Role = Literal["mentee", "mentor"]
Cadence = Literal["weekly", "biweekly", "monthly", "quarterly"]


class Value(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Value):
    """A fact that happened. Subclasses declare the field that keys their topic."""

    key_field: ClassVar[str]
    compacted: ClassVar[bool] = False
    version_of_schema: ClassVar[int] = 1

    at: AwareDatetime = Field(description="business time of the fact, UTC")

    @classmethod
    @cache
    def topic(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))


class WorkingHours(Value):
    """One weekly stretch of local wall time in which a person can meet; `weekday` 0 is Monday."""

    weekday: int = Field(ge=0, le=6)
    starts: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    ends: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")


class Waiting(Value):
    """A participant without a partner after a run, and the code of the reason."""

    person_id: PersonId
    role: Role
    reason: str


# -- matching: who ------------------------------------------------------------------------------------
class PersonChanged(Event):
    """The card of a person. The only event with personal data; compacted, newest `version` wins."""

    key_field = "person_id"
    compacted = True

    person_id: PersonId
    version: int
    employee_number: str
    given_name: str
    family_name: str
    email: str
    title: str
    department: str
    site: str
    time_zone: str
    manager_id: PersonId | None
    hire_date: date | None
    status: str


class ProgrammeChanged(Event):
    key_field = "programme_id"
    compacted = True

    programme_id: ProgrammeId
    version: int
    name: str
    kind: str = Field(description="evergreen or cohort")
    state: str = Field(description="open or closed")
    starts_on: date
    ends_on: date | None
    cadence: Cadence
    hours_per_month: int
    session_minutes: int
    organiser_id: PersonId | None


class ParticipantInvited(Event):
    key_field = "person_id"

    person_id: PersonId
    programme_id: ProgrammeId
    expires_at: AwareDatetime
    peer: bool = Field(False, description="to join as a peer, who learns and helps alike")


class ParticipantJoined(Event):
    """One person in one programme in one role; the hours and languages are what scheduling needs."""

    key_field = "person_id"

    participation_id: ParticipationId
    person_id: PersonId
    programme_id: ProgrammeId
    role: Role
    version: int
    capacity: int
    languages: tuple[str, ...]
    hours: tuple[WorkingHours, ...]
    peer: bool = Field(False, description="among peers: the role or the two ids then label nobody")


class MatchingRunFinished(Event):
    key_field = "programme_id"

    run_id: RunId
    programme_id: ProgrammeId
    mentees: int
    mentors: int
    feasible_pairs: int
    proposed: int
    value: int = Field(description="sum of the integer weights of the chosen pairs, 1 = 1e-5 of a score")
    inputs_hash: str
    waiting: tuple[Waiting, ...]
    peer: bool = Field(False, description="among peers: the role of who waits then labels nobody")


class MatchProposed(Event):
    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    score: float = Field(ge=0, le=1)
    answer_by: AwareDatetime
    requested_by: PersonId | None = Field(None, description="asked for the other by name: has said yes")
    group_id: GroupId | None = Field(None, description="shared by one mentor and all mentees of a circle")
    peer: bool = Field(False, description="among peers: the role or the two ids then label nobody")


class MatchDeclined(Event):
    """A proposal that will not become a match; `declined_by` is empty when it lapsed."""

    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    declined_by: PersonId | None
    reason: str


class MatchMade(Event):
    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    score: float = Field(ge=0, le=1)
    cadence: Cadence
    hours_per_month: int
    session_minutes: int
    ends_on: date
    group_id: GroupId | None = Field(None, description="shared by one mentor and all mentees of a circle")
    peer: bool = Field(False, description="among peers: the role or the two ids then label nobody")


class MatchEnded(Event):
    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    reason: str = Field(description="completed, not-a-good-fit or withdrawn")


class MatchContinued(Event):
    """Both of a completed match go on informally, without a programme's rhythm; its id and history stay."""

    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int


# -- scheduling: rhythm and work ----------------------------------------------------------------------
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


# -- notifications: words -----------------------------------------------------------------------------
class MessageSent(Event):
    key_field = "recipient_id"

    message_id: MessageId
    recipient_id: PersonId
    kind: str
    channel: str
    calendar: bool
    due_at: AwareDatetime
    attempts: int


class MessageFailed(Event):
    key_field = "recipient_id"

    message_id: MessageId
    recipient_id: PersonId
    kind: str
    channel: str
    due_at: AwareDatetime
    attempts: int
    reason: str


SAID_BY: Mapping[str, tuple[type[Event], ...]] = {
    "matching": (
        PersonChanged,
        ProgrammeChanged,
        ParticipantInvited,
        ParticipantJoined,
        MatchingRunFinished,
        MatchProposed,
        MatchDeclined,
        MatchMade,
        MatchEnded,
        MatchContinued,
    ),
    "scheduling": (
        AgreementChanged,
        AgreementConfirmed,
        SessionScheduled,
        SessionMoved,
        SessionCancelled,
        SessionMissed,
        SessionCompleted,
        FeedbackSubmitted,
    ),
    "notifications": (MessageSent, MessageFailed),
    "analytics": (),
}

EVENTS: tuple[type[Event], ...] = tuple(event for said in SAID_BY.values() for event in said)

E = TypeVar("E", bound=Event)


def parse_event(kind: type[E], payload: bytes) -> E:
    """The event in a record's value; unknown fields are ignored, anything else wrong is a ValidationError."""
    return kind.model_validate_json(payload, extra="ignore")

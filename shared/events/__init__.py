"""Every event the company says, in story order: the phrasebook all services share.

An event is a past fact. Its topic is its name, its key the entity whose order matters, `at` the business
time at which it happened. Ids and codes travel; personal data travels in `PersonChanged` alone.

A listener ignores fields it does not know (`parse_event`); a speaker may not say unknown ones. Within a
version only optional fields with defaults are added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from shared.events.event import (
    Cadence,
    Event,
    GroupId,
    MatchId,
    MeetingId,
    MessageId,
    ParticipationId,
    PersonId,
    ProgrammeId,
    Role,
    RunId,
    SessionId,
    Value,
)
from shared.events.matches import (
    MatchContinued,
    MatchDeclined,
    MatchEnded,
    MatchFlagged,
    MatchingRunFinished,
    MatchMade,
    MatchProposed,
    Waiting,
)
from shared.events.messages import (
    MessageFailed,
    MessageSent,
)
from shared.events.people import (
    WITH_ACCESS,
    PersonChanged,
    PersonErased,
    PersonForgotten,
)
from shared.events.programmes import (
    ParticipantInvited,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantPaused,
    ParticipantResumed,
    ProgrammeChanged,
    WorkingHours,
)
from shared.events.sessions import (
    AgreementChanged,
    AgreementConfirmed,
    FeedbackSubmitted,
    SessionCancelled,
    SessionCompleted,
    SessionMissed,
    SessionMoved,
    SessionScheduled,
)

__all__ = [
    "EVENTS",
    "SAID_BY",
    "WITH_ACCESS",
    "AgreementChanged",
    "AgreementConfirmed",
    "Cadence",
    "Event",
    "FeedbackSubmitted",
    "GroupId",
    "MatchContinued",
    "MatchDeclined",
    "MatchEnded",
    "MatchFlagged",
    "MatchId",
    "MatchMade",
    "MatchProposed",
    "MatchingRunFinished",
    "MeetingId",
    "MessageFailed",
    "MessageId",
    "MessageSent",
    "ParticipantInvited",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantPaused",
    "ParticipantResumed",
    "ParticipationId",
    "PersonChanged",
    "PersonErased",
    "PersonForgotten",
    "PersonId",
    "ProgrammeChanged",
    "ProgrammeId",
    "Role",
    "RunId",
    "SessionCancelled",
    "SessionCompleted",
    "SessionId",
    "SessionMissed",
    "SessionMoved",
    "SessionScheduled",
    "Value",
    "Waiting",
    "WorkingHours",
    "parse_event",
]

SAID_BY: Mapping[str, tuple[type[Event], ...]] = {
    "matching": (
        PersonChanged,
        ProgrammeChanged,
        ParticipantInvited,
        ParticipantJoined,
        ParticipantPaused,
        ParticipantResumed,
        ParticipantLeft,
        MatchingRunFinished,
        MatchProposed,
        MatchDeclined,
        MatchMade,
        MatchFlagged,
        MatchEnded,
        MatchContinued,
        PersonErased,
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
        PersonForgotten,
    ),
    "notifications": (MessageSent, MessageFailed, PersonForgotten),
    "analytics": (PersonForgotten,),
}
"""Each event is one service's own, but for the receipt of an erasure: every service that keeps something of
people gives one."""

EVENTS: tuple[type[Event], ...] = tuple(dict.fromkeys(event for said in SAID_BY.values() for event in said))

E = TypeVar("E", bound=Event)


def parse_event(kind: type[E], payload: bytes) -> E:
    """The event in a record's value; unknown fields are ignored, anything else wrong is a ValidationError."""
    return kind.model_validate_json(payload, extra="ignore")

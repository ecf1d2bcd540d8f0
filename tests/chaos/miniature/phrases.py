"""What is said in the miniature: three real events about a match; `ordinal` counts them per (topic, key)."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

from shared.events import (
    Event,
    MatchEnded,
    MatchId,
    MatchMade,
    PersonId,
    ProgrammeId,
    SessionCompleted,
    SessionId,
)
from shared.settings import Settings

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MADE, ENDED, COMPLETED = (kind.topic() for kind in (MatchMade, MatchEnded, SessionCompleted))
KINDS: tuple[type[Event], ...] = (MatchMade, MatchEnded, SessionCompleted)


class MiniatureSettings(Settings):
    service = "plumbing"


def a_match(number: int) -> str:
    return str(uuid.UUID(int=number))


def event(topic: str, key: str, ordinal: int) -> Event:
    match = MatchId(uuid.UUID(key))
    one, other = PersonId(uuid.UUID(int=1)), PersonId(uuid.UUID(int=2))
    programme = ProgrammeId(uuid.UUID(int=3))
    if topic == MADE:
        return MatchMade(
            at=AT,
            match_id=match,
            programme_id=programme,
            mentee_id=one,
            mentor_id=other,
            version=ordinal,
            score=0.5,
            cadence="weekly",
            hours_per_month=2,
            session_minutes=60,
            ends_on=date(2026, 9, 1),
        )
    if topic == ENDED:
        return MatchEnded(
            at=AT,
            match_id=match,
            programme_id=programme,
            mentee_id=one,
            mentor_id=other,
            version=ordinal,
            reason="completed",
        )
    return SessionCompleted(
        at=AT,
        session_id=SessionId(uuid.uuid4()),
        match_id=match,
        programme_id=programme,
        mentee_id=one,
        mentor_id=other,
        ordinal=ordinal,
        starts_at=AT,
        ends_at=AT + timedelta(hours=1),
    )

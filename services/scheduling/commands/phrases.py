"""What is said of a session. The shape of the events is shared; here it is filled in."""

from __future__ import annotations

from datetime import datetime

from services.scheduling import core
from shared import events


def scheduled(session: core.sessions.Session, at: datetime) -> events.SessionScheduled:
    return events.SessionScheduled(
        at=at,
        session_id=session.session_id,
        match_id=session.match_id,
        programme_id=session.programme_id,
        mentee_id=session.mentee_id,
        mentor_id=session.mentor_id,
        ordinal=session.ordinal,
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        mode=session.mode,
    )


def moved(
    session: core.sessions.Session, before: core.sessions.Session, by: events.PersonId | None, at: datetime
) -> events.SessionMoved:
    return events.SessionMoved(
        at=at,
        session_id=session.session_id,
        match_id=session.match_id,
        programme_id=session.programme_id,
        mentee_id=session.mentee_id,
        mentor_id=session.mentor_id,
        ordinal=session.ordinal,
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        mode=session.mode,
        previous_starts_at=before.starts_at,
        moved_by=by,
    )


def cancelled(session: core.sessions.Session, reason: str, at: datetime) -> events.SessionCancelled:
    return events.SessionCancelled(
        at=at,
        session_id=session.session_id,
        match_id=session.match_id,
        programme_id=session.programme_id,
        mentee_id=session.mentee_id,
        mentor_id=session.mentor_id,
        ordinal=session.ordinal,
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        cancelled_by=session.closed_by,
        late=session.late,
        reason=reason,
    )


def missed(session: core.sessions.Session, at: datetime) -> events.SessionMissed:
    return events.SessionMissed(
        at=at,
        session_id=session.session_id,
        match_id=session.match_id,
        programme_id=session.programme_id,
        mentee_id=session.mentee_id,
        mentor_id=session.mentor_id,
        ordinal=session.ordinal,
        starts_at=session.starts_at,
        reported_by=session.closed_by,
    )


def completed(session: core.sessions.Session, at: datetime) -> events.SessionCompleted:
    return events.SessionCompleted(
        at=at,
        session_id=session.session_id,
        match_id=session.match_id,
        programme_id=session.programme_id,
        mentee_id=session.mentee_id,
        mentor_id=session.mentor_id,
        ordinal=session.ordinal,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
    )

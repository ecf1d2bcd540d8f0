"""What is said of pairs and sessions: our words in the company's phrasebook."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from services.scheduling import core
from services.scheduling.core.ids import PersonId
from shared import events


class _Named(TypedDict):
    session_id: events.SessionId
    match_id: events.MatchId
    programme_id: events.ProgrammeId
    mentee_id: events.PersonId
    mentor_id: events.PersonId
    ordinal: int


def terms_changed(
    agreement: core.agreements.Agreement, by: PersonId, at: datetime
) -> events.AgreementChanged:
    return events.AgreementChanged(
        at=at,
        match_id=events.MatchId(agreement.match_id),
        programme_id=events.ProgrammeId(agreement.programme_id),
        version=agreement.version,
        changed_by=events.PersonId(by),
    )


def agreed(agreement: core.agreements.Agreement, at: datetime) -> events.AgreementConfirmed:
    return events.AgreementConfirmed(
        at=at,
        match_id=events.MatchId(agreement.match_id),
        programme_id=events.ProgrammeId(agreement.programme_id),
        version=agreement.version,
        hours_per_month=agreement.terms.hours_per_month,
        cadence=agreement.terms.cadence,
        focus=agreement.terms.focus,
    )


def scheduled(session: core.sessions.Session, at: datetime) -> events.SessionScheduled:
    return events.SessionScheduled(
        at=at,
        **_named(session),
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        mode=session.mode,
        meeting_id=None if session.meeting_id is None else events.MeetingId(session.meeting_id),
    )


def moved(
    session: core.sessions.Session, before: core.sessions.Session, by: PersonId | None, at: datetime
) -> events.SessionMoved:
    return events.SessionMoved(
        at=at,
        **_named(session),
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        mode=session.mode,
        previous_starts_at=before.starts_at,
        moved_by=_person(by),
    )


def cancelled(session: core.sessions.Session, reason: str, at: datetime) -> events.SessionCancelled:
    return events.SessionCancelled(
        at=at,
        **_named(session),
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        cancelled_by=_person(session.closed_by),
        late=session.late,
        reason=reason,
    )


def missed(session: core.sessions.Session, at: datetime) -> events.SessionMissed:
    return events.SessionMissed(
        at=at, **_named(session), starts_at=session.starts_at, reported_by=_person(session.closed_by)
    )


def completed(session: core.sessions.Session, at: datetime) -> events.SessionCompleted:
    return events.SessionCompleted(
        at=at, **_named(session), starts_at=session.starts_at, ends_at=session.ends_at
    )


def rated(
    session: core.sessions.Session,
    given: core.feedback.Feedback,
    *,
    author_id: PersonId,
    author_role: events.Role,
    about_id: PersonId,
    at: datetime,
) -> events.FeedbackSubmitted:
    """Ratings and codes; there is no field for what was written."""
    return events.FeedbackSubmitted(
        at=at,
        session_id=events.SessionId(session.session_id),
        match_id=events.MatchId(session.match_id),
        programme_id=events.ProgrammeId(session.programme_id),
        ordinal=session.ordinal,
        author_id=events.PersonId(author_id),
        author_role=author_role,
        about_id=events.PersonId(about_id),
        ratings=given.ratings,
        fit=given.fit,
    )


def _named(session: core.sessions.Session) -> _Named:
    return {
        "session_id": events.SessionId(session.session_id),
        "match_id": events.MatchId(session.match_id),
        "programme_id": events.ProgrammeId(session.programme_id),
        "mentee_id": events.PersonId(session.mentee_id),
        "mentor_id": events.PersonId(session.mentor_id),
        "ordinal": session.ordinal,
    }


def _person(person_id: PersonId | None) -> events.PersonId | None:
    return None if person_id is None else events.PersonId(person_id)

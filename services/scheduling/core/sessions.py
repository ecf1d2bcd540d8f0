"""The life of a session: scheduled, then completed, missed or cancelled. It only moves forward.

A session that is moved keeps its id and raises its sequence; whoever acts says which sequence they saw, so
that nobody answers for a time they did not know of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.scheduling.core import slots
from services.scheduling.core.ids import MatchId, MeetingId, PersonId, ProgrammeId, SessionId
from shared.errors import Refused

LATE_WITHIN = timedelta(hours=24)
ANSWER_WITHIN = timedelta(days=3)

State = Literal["scheduled", "completed", "missed", "cancelled"]


class SessionOver(Refused):
    """It was completed, missed or cancelled already."""

    code = "session-over"


class StaleSequence(Refused):
    """Somebody moved it since the caller looked."""

    code = "stale-sequence"


class NotYet(Refused):
    """It has not begun."""

    code = "session-not-begun"


class TooLate(Refused):
    """It has begun, so it can be neither moved nor cancelled."""

    code = "session-begun"


class SlotTaken(Refused):
    """The time is not, or no longer, one at which all can meet."""

    code = "slot-taken"


@dataclass(frozen=True)
class Session:
    """One meeting of a pair: the instant, and the zone and wall time in which it was agreed (the mentee's).

    `due_wall` is the mentee's wall time at which the cadence wanted it. `closed_by` is who reported the end,
    None where a job or the end of the match did. `late` marks a cancellation inside the notice of 24 hours.
    `meeting_id` is shared by the sessions that the pairs of a circle hold together.
    """

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    starts_wall: datetime
    due_wall: datetime
    created_at: datetime
    sequence: int = 0
    state: State = "scheduled"
    mode: str = "video"
    closed_at: datetime | None = None
    closed_by: PersonId | None = None
    late: bool = False
    meeting_id: MeetingId | None = None

    @property
    def slot(self) -> slots.Interval:
        return slots.Interval(self.starts_at, self.ends_at)

    @property
    def time_id(self) -> UUID:
        """Under what its time is taken: all sessions of a circle's meeting take it together."""
        return self.meeting_id or self.session_id


def completed(session: Session, sequence: int, *, by: PersonId | None, now: datetime) -> Session:
    """It happened. Raises NotYet before its start; said twice, it stays as it is."""
    if session.state == "completed":
        return session
    _open_at(session, sequence)
    _begun(session, now)
    return replace(session, state="completed", closed_at=now, closed_by=by)


def missed(session: Session, sequence: int, *, by: PersonId | None, now: datetime) -> Session:
    """It did not happen. Raises NotYet before its start; said twice, it stays as it is."""
    if session.state == "missed":
        return session
    _open_at(session, sequence)
    _begun(session, now)
    return replace(session, state="missed", closed_at=now, closed_by=by)


def cancelled(session: Session, sequence: int, *, by: PersonId | None, now: datetime) -> Session:
    """It will not happen. Raises TooLate after its start; said twice, it stays as it is."""
    if session.state == "cancelled":
        return session
    _open_at(session, sequence)
    _ahead(session, now)
    late = session.starts_at - now < LATE_WITHIN
    return replace(
        session, state="cancelled", sequence=session.sequence + 1, closed_at=now, closed_by=by, late=late
    )


def called_off(session: Session, *, now: datetime) -> Session:
    """It will not happen, and neither of the two is behind it: so it is nobody's late cancellation."""
    return replace(cancelled(session, session.sequence, by=None, now=now), late=False)


def moved(session: Session, sequence: int, to: slots.Interval, wall: datetime, *, now: datetime) -> Session:
    """The same session at another time; `wall` is that time on the clock of the session's zone.

    Raises TooLate after its start. The same move asked for twice changes nothing the second time.
    """
    if session.state == "scheduled" and to == session.slot:
        return session
    _open_at(session, sequence)
    _ahead(session, now)
    return replace(
        session, starts_at=to.start, ends_at=to.end, starts_wall=wall, sequence=session.sequence + 1
    )


def _open_at(session: Session, sequence: int) -> None:
    if session.state != "scheduled":
        raise SessionOver(f"This session is already {session.state}.")
    if session.sequence != sequence:
        raise StaleSequence("This session was moved in the meantime. Look at its new time first.")


def _begun(session: Session, now: datetime) -> None:
    if now < session.starts_at:
        raise NotYet("This session has not begun yet.")


def _ahead(session: Session, now: datetime) -> None:
    if now >= session.starts_at:
        raise TooLate("This session has begun already: say whether it happened.")

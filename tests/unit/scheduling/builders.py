"""Pairs, calendars and sessions with sensible defaults for the rules of scheduling."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.core import agreements, booking, sessions, slots
from services.scheduling.core.ids import MatchId, PersonId, ProgrammeId, SessionId

MENTEE = PersonId(UUID(int=1))
MENTOR = PersonId(UUID(int=2))
STRANGER = PersonId(UUID(int=3))
MATCH = MatchId(UUID(int=10))
PROGRAMME = ProgrammeId(UUID(int=20))
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """What a clock on the wall shows."""
    return utc(year, month, day, hour, minute).replace(tzinfo=None)


def weekdays(opens: str = "09:00", closes: str = "17:00") -> tuple[slots.Hours, ...]:
    """The same hours from Monday to Friday."""
    return tuple(slots.Hours(day, _minute(opens), _minute(closes)) for day in range(5))


def a_calendar(
    zone: str = "UTC", hours: tuple[slots.Hours, ...] | None = None, *busy: slots.Interval
) -> slots.Calendar:
    return slots.Calendar(ZoneInfo(zone), weekdays() if hours is None else hours, busy)


def a_booking(**changes: Any) -> booking.Booking:
    plain = booking.Booking(
        match_id=MATCH,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        mentee_number="E100",
        mentor_number="E200",
        minutes=60,
        cadence="biweekly",
        ends_on=date(2026, 9, 1),
        due_wall=None,
    )
    return replace(plain, **changes)


def a_session(**changes: Any) -> sessions.Session:
    """A first session on Thursday 5 March 2026, 10:00 in Madrid."""
    plain = sessions.Session(
        session_id=SessionId(UUID(int=30)),
        match_id=MATCH,
        programme_id=PROGRAMME,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        ordinal=1,
        starts_at=utc(2026, 3, 5, 9),
        ends_at=utc(2026, 3, 5, 10),
        zone="Europe/Madrid",
        starts_wall=wall(2026, 3, 5, 10),
        due_wall=wall(2026, 3, 5, 10),
        created_at=MONDAY,
    )
    return replace(plain, **changes)


def an_agreement(**changes: Any) -> agreements.Agreement:
    plain = agreements.Agreement(
        match_id=MATCH,
        programme_id=PROGRAMME,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        made_at=MONDAY,
        ends_on=date(2026, 9, 1),
        session_minutes=60,
        terms=agreements.Terms(3, "biweekly", "career"),
    )
    return replace(plain, **changes)


def hour(start: datetime) -> slots.Interval:
    return slots.Interval(start, start + timedelta(hours=1))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)

"""Flash talks: half an hour each, on the days a programme names, with whoever has time then.

A talk has a time from the moment it is proposed; a mentor and a time make one seat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.matching import engine
from services.matching.core.ids import ParticipationId
from services.matching.core.programmes import TALK_NOTICE, Programme
from shared.errors import Refused

Taken = Mapping[ParticipationId, Sequence[datetime]]


class NoTalkLeft(Refused):
    code = "no-talk-left"


def slot(at: datetime) -> int:
    """The half-hour of the week in UTC, 0 is Monday 00:00; see `engine.half_hours`."""
    return (at.weekday() * 24 + at.hour) * 2 + at.minute // 30


def talks(programme: Programme, now: datetime) -> dict[int, datetime]:
    """The talks that can still be proposed, by their slots."""
    return {slot(at): at for at in programme.rules.talks_at if at - now >= TALK_NOTICE}


def left(hours: int, taken: Sequence[datetime]) -> int:
    """The half-hours without those of talks that are given away."""
    for at in taken:
        hours &= ~(1 << slot(at))
    return hours


def has_time(hours: int, at: datetime) -> bool:
    return bool(hours >> slot(at) & 1)


def first_for(
    market: engine.Market, mentee: str, mentor: str, open_talks: Mapping[int, datetime]
) -> datetime:
    """The first talk at which both of a flash market have time. Raises NoTalkLeft."""
    mentees = {one.number: one.hours for one in market.mentees}
    mentors = {one.number: one.hours for one in market.mentors}
    both = mentees[mentee] & mentors[mentor]
    at = min((at for at in open_talks.values() if has_time(both, at)), default=None)
    if at is None:
        raise NoTalkLeft("There is no talk left at which both have time.")
    return at

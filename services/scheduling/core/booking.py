"""Which slot a pair gets, and when the session after it is due.

Of the calendars the mentee's comes first, since it is on their clock that a pair counts its days; of a circle
that is the mentee with the lowest employee number. The others follow in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final, Literal

from services.scheduling.core import absences, slots
from services.scheduling.core.ids import Cadence, GroupId, MatchId, PersonId

CADENCE_DAYS: Final[Mapping[Cadence, int]] = {"weekly": 7, "biweekly": 14, "monthly": 28, "quarterly": 91}
SPREAD_DAYS: Final[Mapping[Cadence, int]] = {"weekly": 3, "biweekly": 5, "monthly": 7, "quarterly": 7}

NOTICE_BEFORE_SESSION = timedelta(days=2)
NOTICE_BEFORE_MOVE = timedelta(days=1)
SEARCH = timedelta(days=28)
OFFER_DAYS = 14
OFFERS_MAX = 6
QUARTER_HOUR = timedelta(minutes=15)

Problem = Literal["no-common-hours", "no-free-slot", "away"]
RETRY_AFTER: Final[Mapping[Problem, timedelta]] = {
    "no-common-hours": timedelta(days=7),
    "no-free-slot": timedelta(days=1),
    "away": timedelta(days=7),
}


@dataclass(frozen=True)
class Booking:
    """A pair that waits for its next session.

    `due_wall` is the mentee's wall time at which it is due, None before the first session. `ends_on` is the
    last day of the pair, on the mentee's calendar. `after_absence`: the last try found one of the two away.
    `group_id` is that of the circle, where the pair belongs to one; `talk_at` is the time of a flash talk.
    """

    match_id: MatchId
    mentee_id: PersonId
    mentor_id: PersonId
    mentee_number: str
    mentor_number: str
    minutes: int
    cadence: Cadence
    ends_on: date
    due_wall: datetime | None
    after_absence: bool = False
    talk_at: datetime | None = None
    group_id: GroupId | None = None

    @property
    def turn(self) -> tuple[str, str, MatchId]:
        """Who is lower is served first."""
        return self.mentee_number, self.mentor_number, self.match_id


@dataclass(frozen=True)
class Chosen:
    """A session to be, on the mentee's clock, too; the next one counts from `due_wall`."""

    booking: Booking
    slot: slots.Interval
    starts_wall: datetime
    due_wall: datetime


@dataclass(frozen=True)
class NotBooked:
    """No slot was found; `problem` is None where the pair's time is over and none is needed. `back_at` is
    when whoever is away will be back, as far as it is known."""

    booking: Booking
    problem: Problem | None
    back_at: datetime | None = None


def choose(booking: Booking, calendars: Sequence[slots.Calendar], now: datetime) -> Chosen | NotBooked:
    """The earliest slot for a first session, the one nearest to the due time for a later one.

    Never sooner than two days ahead and never after the pair's last day. Where nothing is free around the
    due time, the first free slot of the four weeks after it. A flash talk is at its own time, however soon;
    only where somebody has become busy then it is treated like a first session. While one of the two is away
    nothing is booked; afterwards the pair goes on at its rhythm.
    """
    mentee = calendars[0]
    back_at = absences.back_at(now, *(one.away for one in calendars))
    if back_at is not None:
        return NotBooked(booking, "away", None if back_at == absences.OPEN_END else back_at)
    if booking.talk_at is not None:
        talk = slots.Interval(booking.talk_at, booking.talk_at + timedelta(minutes=booking.minutes))
        if talk.start > now and talk in slots.free_slots(calendars, booking.minutes, talk):
            return _chosen(booking, talk, mentee)
    if booking.after_absence:
        booking = caught_up(booking, slots.wall(now, mentee.zone))
    until = slots.end_of_day(booking.ends_on, mentee.zone)
    earliest = now + NOTICE_BEFORE_SESSION
    due = (
        earliest if booking.due_wall is None else max(earliest, slots.at_wall(booking.due_wall, mentee.zone))
    )
    horizon = due + SEARCH
    if booking.due_wall is not None:
        spread = timedelta(days=SPREAD_DAYS[booking.cadence])
        around = slots.Interval(max(earliest, due - spread), min(until, due + spread))
        near = list(slots.free_slots(calendars, booking.minutes, around))
        if near:
            slot = min(near, key=lambda s: (abs(s.start - due), s.start))
            return _chosen(booking, slot, mentee)
    ahead = slots.Interval(due, min(until, horizon))
    found = next(slots.free_slots(calendars, booking.minutes, ahead), None)
    if found is None:
        problem = _problem(booking, calendars, slots.Interval(due, horizon), until=until)
        return NotBooked(booking, problem)
    return _chosen(booking, found, mentee)


def next_due(due_wall: datetime, held_wall: datetime, cadence: Cadence) -> datetime:
    """When the session after this one is due: the mentee's wall time, whole cadences after this one's.

    Counted from the time this session was due, so that moving one session does not shift the series; due
    times closer than half a cadence to the time at which it was held are passed over.
    """
    step = timedelta(days=CADENCE_DAYS[cadence])
    following = due_wall + step
    while following < held_wall + step / 2:
        following += step
    return following


def caught_up(booking: Booking, now_wall: datetime) -> Booking:
    """After an absence: due times that are more than half a cadence over are passed over."""
    if booking.due_wall is None:
        return booking
    step = timedelta(days=CADENCE_DAYS[booking.cadence])
    due = booking.due_wall
    while due < now_wall - step / 2:
        due += step
    return replace(booking, due_wall=due)


def try_again_at(decision: NotBooked, problem: Problem, now: datetime) -> datetime:
    """When the next try is: as soon as whoever is away is back, else after a while."""
    return next_round(decision.back_at or now + RETRY_AFTER[problem])


def offers(
    current: slots.Interval, calendars: Sequence[slots.Calendar], *, now: datetime, ends_on: date
) -> list[slots.Interval]:
    """Up to six other slots for a session: a day ahead or more, at most two of a day, spread over it.

    The calendars' busy times are those of all sessions but this one.
    """
    zone = calendars[0].zone
    earliest = now + NOTICE_BEFORE_MOVE
    until = min(slots.end_of_day(ends_on, zone), earliest + timedelta(days=OFFER_DAYS))
    by_day: dict[date, list[slots.Interval]] = {}
    for slot in slots.free_slots(calendars, minutes_of(current), slots.Interval(earliest, until)):
        if slot != current:
            by_day.setdefault(slots.wall(slot.start, zone).date(), []).append(slot)
    return list(islice(_spread(by_day.values()), OFFERS_MAX))


def can_meet(
    slot: slots.Interval, calendars: Sequence[slots.Calendar], *, now: datetime, ends_on: date
) -> bool:
    """Whether a session may be moved to `slot`: free, on the grid, a day ahead, not after the last day."""
    last = slots.end_of_day(ends_on, calendars[0].zone)
    in_time = slot.start >= now + NOTICE_BEFORE_MOVE and slot.end <= last
    return in_time and slot in slots.free_slots(calendars, minutes_of(slot), slot)


def have_hours(calendars: Sequence[slots.Calendar], minutes: int, within: slots.Interval) -> bool:
    """Whether all work at some time, whatever they have planned then."""
    idle = [replace(calendar, busy=()) for calendar in calendars]
    return any(True for _ in slots.free_slots(idle, minutes, within))


def minutes_of(slot: slots.Interval) -> int:
    return int((slot.end - slot.start).total_seconds()) // 60


def next_round(now: datetime) -> datetime:
    """The quarter of an hour after `now`: all who ask before it are served together, in a fixed order."""
    past = timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
    return now - past + QUARTER_HOUR


def _chosen(booking: Booking, slot: slots.Interval, mentee: slots.Calendar) -> Chosen:
    starts_wall = slots.wall(slot.start, mentee.zone)
    return Chosen(booking, slot, starts_wall, booking.due_wall or starts_wall)


def _spread(days: Iterable[Sequence[slots.Interval]]) -> Iterator[slots.Interval]:
    """Of each day the first slot, and one from the middle of what is two hours later or more."""
    for free in days:
        yield free[0]
        later = [slot for slot in free if slot.start >= free[0].end + timedelta(hours=2)]
        if later:
            yield later[len(later) // 2]


def _problem(
    booking: Booking, calendars: Sequence[slots.Calendar], within: slots.Interval, *, until: datetime
) -> Problem | None:
    """Why there is no slot in `within`: all taken, none in what is left of the pair's time, or none ever."""
    if within.start >= until:
        return None
    left = slots.Interval(within.start, min(within.end, until))
    if have_hours(calendars, booking.minutes, left):
        return "no-free-slot"
    if have_hours(calendars, booking.minutes, within):
        return None
    return "no-common-hours"

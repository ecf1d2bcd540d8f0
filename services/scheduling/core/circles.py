"""A circle meets together: who of those that wait meet next, and when.

Every pair of a circle has its own agreement and its own sessions; the sessions of one meeting are held at one
time. The circle meets at the rarest cadence that its pairs agreed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from services.scheduling.core import absences, booking, sessions, slots
from services.scheduling.core.ids import Cadence, MatchId, MeetingId, PersonId

ANSWERED = timedelta(days=3)
"""So long after the first match of a circle all who were asked with it have said yes or no."""
GATHERED = timedelta(days=7)
"""So long after it nobody who has confirmed waits any more for those who have not."""

WEEK = timedelta(days=7)

Calendars: TypeAlias = Mapping[tuple[MatchId, PersonId], slots.Calendar]


@dataclass(frozen=True)
class Meeting:
    """A meeting of a circle; its sessions share id and sequence. `due_at` is when the rhythm wants it."""

    meeting_id: MeetingId
    slot: slots.Interval
    sequence: int
    due_at: datetime


@dataclass(frozen=True)
class Circle:
    """What is known of a circle besides who waits: when its first match was made, whether some have not
    confirmed yet, whether it ever had a meeting, and the `meeting` that is planned or not answered for."""

    made_at: datetime
    drafts: bool = False
    met: bool = False
    meeting: Meeting | None = None


@dataclass(frozen=True)
class Joins:
    """A new pair takes part in a meeting that is planned already."""

    booking: booking.Booking
    meeting: Meeting
    starts_wall: datetime
    due_wall: datetime


@dataclass(frozen=True)
class Later:
    """A pair waits for its circle, and is looked at again at `at` if nothing happens before."""

    booking: booking.Booking
    at: datetime


Decision: TypeAlias = booking.Chosen | booking.NotBooked | Joins | Later


def rarest(cadences: Iterable[Cadence]) -> Cadence:
    return max(cadences, key=lambda one: booking.CADENCE_DAYS[one])


def held_up(circle: Circle, now: datetime) -> datetime | None:
    """Until when a circle books no new meeting; None where it may: one at a time, and the first with all."""
    if circle.meeting is not None:
        return max(now, circle.meeting.slot.end + sessions.ANSWER_WITHIN)
    gathered_at = circle.made_at + (GATHERED if circle.drafts else ANSWERED)
    return None if circle.met or gathered_at <= now else gathered_at


def gather(
    waiting: Sequence[booking.Booking], calendars: Calendars, now: datetime
) -> tuple[list[list[booking.Booking]], list[booking.NotBooked]]:
    """Who of a circle meets together next: all but those who are away when it is due.

    Where not all have hours in common, each pair goes, in the order given, to the first part that it has some
    with.
    """
    due = max([now + booking.NOTICE_BEFORE_SESSION, *_due(waiting, calendars)])
    week = slots.Interval(due, due + WEEK)
    parts: list[list[booking.Booking]] = []
    missing: list[booking.NotBooked] = []
    for one in waiting:
        away = _away(one, calendars, week, now=now)
        fitting = (part for part in parts if _have_hours([*part, one], calendars, week))
        if away is not None:
            back_at = None if away.end == absences.OPEN_END else away.end
            missing.append(booking.NotBooked(one, "away", back_at))
        elif (part := next(fitting, None)) is not None:
            part.append(one)
        else:
            parts.append([one])
    return parts, missing


def choose(part: Sequence[booking.Booking], calendars: Calendars, now: datetime) -> list[Decision]:
    """One slot for all of a part. Whose last day is before it is left out, and the others go on."""
    joint = _joint(part, calendars, now)
    chosen = booking.choose(joint, _everybody(part, calendars), now)
    if isinstance(chosen, booking.Chosen):
        return [_of_each(one, chosen, calendars) for one in part]
    if chosen.problem is not None:
        return [replace(chosen, booking=one) for one in part]
    going_on = [one for one in part if one.ends_on > joint.ends_on]
    over: list[Decision] = [booking.NotBooked(one, None) for one in part if one not in going_on]
    return over + (choose(going_on, calendars, now) if going_on else [])


def join(one: booking.Booking, circle: Circle, mentee: slots.Calendar, now: datetime) -> Joins | Later:
    """A pair that has never met takes part in the meeting that is planned, if it is two days ahead or more
    and free for the mentee. All others wait for the meeting after it."""
    meeting, until = circle.meeting, held_up(circle, now)
    if meeting is not None and one.due_wall is None:
        ahead = slots.Interval(
            now + booking.NOTICE_BEFORE_SESSION, slots.end_of_day(one.ends_on, mentee.zone)
        )
        in_time = ahead.start <= meeting.slot.start and meeting.slot.end <= ahead.end
        if in_time and meeting.slot in slots.free_slots(
            [mentee], booking.minutes_of(meeting.slot), meeting.slot
        ):
            walls = (slots.wall(at, mentee.zone) for at in (meeting.slot.start, meeting.due_at))
            return Joins(one, meeting, *walls)
    return Later(one, booking.next_round(until or now))


def _joint(part: Sequence[booking.Booking], calendars: Calendars, now: datetime) -> booking.Booking:
    """What the pairs wait for together: of the longest session, the rarest cadence, the latest due time."""
    cadence = rarest(one.cadence for one in part)
    zones = [calendars[one.match_id, one.mentee_id].zone for one in part]
    caught_up = [
        booking.caught_up(replace(one, cadence=cadence), slots.wall(now, zone))
        for one, zone in zip(part, zones, strict=True)
    ]
    due_at = max(_due(caught_up, calendars), default=None)
    return replace(
        part[0],
        minutes=max(one.minutes for one in part),
        cadence=cadence,
        ends_on=min(one.ends_on for one in part),
        due_wall=None if due_at is None else slots.wall(due_at, zones[0]),
        after_absence=False,
    )


def _due(waiting: Iterable[booking.Booking], calendars: Calendars) -> list[datetime]:
    return [
        slots.at_wall(one.due_wall, calendars[one.match_id, one.mentee_id].zone)
        for one in waiting
        if one.due_wall is not None
    ]


def _of_each(one: booking.Booking, joint: booking.Chosen, calendars: Calendars) -> booking.Chosen:
    """The session of one pair, on its mentee's clock."""
    lead, mine = (calendars[of.match_id, of.mentee_id].zone for of in (joint.booking, one))
    due_at = slots.at_wall(joint.due_wall, lead)
    return booking.Chosen(one, joint.slot, slots.wall(joint.slot.start, mine), slots.wall(due_at, mine))


def _away(
    one: booking.Booking, calendars: Calendars, week: slots.Interval, *, now: datetime
) -> slots.Interval | None:
    """The absence of a mentee who is away now, or for all of their hours in the week of a meeting."""
    mentee = calendars[one.match_id, one.mentee_id]
    away = mentee.away
    if away is None or not absences.is_inside(slots.Interval(now, week.end), away):
        return None
    out = away.start <= now or not booking.have_hours([mentee], one.minutes, week)
    return away if out else None


def _have_hours(part: Sequence[booking.Booking], calendars: Calendars, week: slots.Interval) -> bool:
    """Whether all of a part work at one time, whoever is away or busy then."""
    everybody = [replace(one, away=None) for one in _everybody(part, calendars)]
    return booking.have_hours(everybody, max(one.minutes for one in part), week)


def _everybody(part: Sequence[booking.Booking], calendars: Calendars) -> list[slots.Calendar]:
    """The mentees' calendars, and once the mentor's."""
    first = part[0]
    mentees = [calendars[one.match_id, one.mentee_id] for one in part]
    return [*mentees, calendars[first.match_id, first.mentor_id]]

"""A round of booking: all who wait are served together, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.scheduling.core import booking, circles, slots
from services.scheduling.core.ids import GroupId, PersonId


def choose_all(
    bookings: Iterable[booking.Booking],
    known: Mapping[GroupId, circles.Circle],
    calendars: circles.Calendars,
    now: datetime,
) -> list[circles.Decision]:
    """Slots for pairs and circles, by the employee numbers of the mentees, then of the mentors.

    Nobody gets two sessions at one time: what one pair or circle is given is taken for those after it.
    """
    taken: dict[PersonId, list[slots.Interval]] = {}
    decided: list[circles.Decision] = []
    parties, missing = _parties(bookings, known, calendars, now)
    for party in parties:
        people = [(one.match_id, person) for one in party for person in (one.mentee_id, one.mentor_id)]
        seen = {key: _also_busy(calendars[key], taken.get(key[1], ())) for key in people}
        for decision in _decide(party, known, seen, now):
            decided.append(decision)
            _take(taken, decision)
    return [*decided, *missing]


def _parties(
    bookings: Iterable[booking.Booking],
    known: Mapping[GroupId, circles.Circle],
    calendars: circles.Calendars,
    now: datetime,
) -> tuple[list[list[booking.Booking]], list[booking.NotBooked]]:
    """Who is served together, and who of a circle is missing: a pair is served alone, so is each pair of a
    circle that may not meet yet."""
    parties: list[list[booking.Booking]] = []
    missing: list[booking.NotBooked] = []
    waiting: dict[GroupId, list[booking.Booking]] = {}
    for one in sorted(bookings, key=lambda one: one.turn):
        if one.group_id is None or circles.held_up(known[one.group_id], now) is not None:
            parties.append([one])
        else:
            waiting.setdefault(one.group_id, []).append(one)
    for circle in waiting.values():
        parts, away = circles.gather(circle, calendars, now)
        parties += parts
        missing += away
    return sorted(parties, key=lambda party: party[0].turn), missing


def _decide(
    party: Sequence[booking.Booking],
    known: Mapping[GroupId, circles.Circle],
    calendars: circles.Calendars,
    now: datetime,
) -> Sequence[circles.Decision]:
    first = party[0]
    mentee = calendars[first.match_id, first.mentee_id]
    if first.group_id is None:
        return [booking.choose(first, [mentee, calendars[first.match_id, first.mentor_id]], now)]
    circle = known[first.group_id]
    if circles.held_up(circle, now) is not None:
        return [circles.join(first, circle, mentee, now)]
    return circles.choose(party, calendars, now)


def _take(taken: dict[PersonId, list[slots.Interval]], decision: circles.Decision) -> None:
    booked = decision.booking
    if isinstance(decision, booking.Chosen):
        for person_id in (booked.mentee_id, booked.mentor_id):
            taken.setdefault(person_id, []).append(decision.slot)
    elif isinstance(decision, circles.Joins):
        taken.setdefault(booked.mentee_id, []).append(decision.meeting.slot)


def _also_busy(calendar: slots.Calendar, taken: Sequence[slots.Interval]) -> slots.Calendar:
    return replace(calendar, busy=(*calendar.busy, *taken)) if taken else calendar

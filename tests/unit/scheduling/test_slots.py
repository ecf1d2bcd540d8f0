"""Slots lie inside both people's working hours, whatever the clocks of their zones do."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.scheduling.core import slots
from tests.unit.scheduling.builders import a_calendar, hour, utc, wall, weekdays

ZONES = (
    "UTC",
    "Europe/Madrid",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Los_Angeles",
)
# Clock changes: Europe, North America, Lord Howe (half an hour), Ramadan in Morocco, the Friday that Samoa
# skipped, and Brazil's changes at midnight.
CHANGES = (
    utc(2026, 3, 29, 1),
    utc(2026, 10, 25, 1),
    utc(2026, 3, 8, 10),
    utc(2026, 11, 1, 9),
    utc(2026, 4, 4, 15),
    utc(2026, 10, 3, 15, 30),
    utc(2026, 2, 15, 2),
    utc(2026, 3, 22, 2),
    utc(2011, 12, 30, 10),
    utc(2018, 11, 4, 3),
    utc(2018, 2, 18, 2),
)


@st.composite
def some_hours(draw: st.DrawFn) -> tuple[slots.Hours, ...]:
    """Any windows: whole nights, odd minutes, several of a day, overlapping ones."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        opens = draw(st.integers(0, 1439))
        found.append(slots.Hours(draw(st.integers(0, 6)), opens, draw(st.integers(opens + 1, 1440))))
    return tuple(found)


@st.composite
def some_calendar(draw: st.DrawFn) -> slots.Calendar:
    return slots.Calendar(ZoneInfo(draw(st.sampled_from(ZONES))), draw(some_hours()))


@st.composite
def some_days(draw: st.DrawFn) -> slots.Interval:
    """Up to four days, most of them with a clock change of some zone inside."""
    change = draw(st.sampled_from(CHANGES))
    start = change - timedelta(minutes=draw(st.integers(0, 3 * 24 * 60)))
    return slots.Interval(start, start + timedelta(minutes=draw(st.integers(1, 4 * 24 * 60))))


def always_open(calendar: slots.Calendar, slot: slots.Interval) -> bool:
    """The plain definition: at every minute of the slot the person's clock shows a working hour."""
    at = slot.start
    while at < slot.end:
        local = at.astimezone(calendar.zone)
        minute = local.hour * 60 + local.minute
        if not any(
            h.weekday == local.weekday() and h.opens_minute <= minute < h.closes_minute
            for h in calendar.hours
        ):
            return False
        at += timedelta(minutes=1)
    return True


@settings(max_examples=120, deadline=None)
@given(st.lists(some_calendar(), min_size=1, max_size=4), some_days(), st.sampled_from((30, 45, 60)))
@example(
    [a_calendar("Pacific/Apia"), a_calendar("Pacific/Apia")],
    slots.Interval(utc(2011, 12, 28), utc(2012, 1, 3)),
    60,
)
def test_S23_S21_slots_are_exactly_the_times_inside_the_local_working_windows_of_all(
    calendars: list[slots.Calendar], within: slots.Interval, minutes: int
) -> None:
    offered = list(slots.free_slots(calendars, minutes, within))
    expected = []
    start = within.start.replace(minute=0, second=0, microsecond=0)
    while start < within.end:
        slot = slots.Interval(start, start + timedelta(minutes=minutes))
        inside = within.start <= slot.start and slot.end <= within.end
        if inside and all(always_open(one, slot) for one in calendars):
            expected.append(slot)
        start += slots.GRID
    assert offered == expected


@settings(max_examples=80, deadline=None)
@given(some_calendar(), some_calendar(), some_days(), st.data())
def test_S42_slots_are_inside_the_mentors_availability_and_free_of_both_peoples_sessions(
    mentee: slots.Calendar, mentor: slots.Calendar, within: slots.Interval, data: st.DataObject
) -> None:
    span = int((within.end - within.start).total_seconds()) // 60

    def taken() -> tuple[slots.Interval, ...]:
        begins = data.draw(st.lists(st.integers(0, span), max_size=5))
        return tuple(
            slots.Interval(within.start + timedelta(minutes=b), within.start + timedelta(minutes=b + 50))
            for b in begins
        )

    mentee = slots.Calendar(mentee.zone, mentee.hours, taken())
    mentor = slots.Calendar(mentor.zone, mentor.hours, taken())
    for slot in slots.free_slots([mentee, mentor], 30, within):
        assert always_open(mentor, slot)
        assert always_open(mentee, slot)
        assert all(busy.end <= slot.start or slot.end <= busy.start for busy in mentee.busy + mentor.busy)


@settings(max_examples=100, deadline=None)
@given(some_calendar(), some_days())
def test_open_times_are_disjoint_and_in_order(calendar: slots.Calendar, within: slots.Interval) -> None:
    times = slots.open_times(calendar, within)
    assert all(within.start <= t.start < t.end <= within.end for t in times)
    assert all(before.end < after.start for before, after in itertools.pairwise(times))


def test_hours_that_the_clock_skips_are_offered_to_nobody() -> None:
    night = (slots.Hours(6, 120, 180),)
    madrid = a_calendar("Europe/Madrid", night)
    assert slots.open_times(madrid, slots.Interval(utc(2026, 3, 28), utc(2026, 3, 30))) == []


def test_hours_that_the_clock_repeats_are_open_twice() -> None:
    night = (slots.Hours(6, 120, 180),)
    madrid = a_calendar("Europe/Madrid", night)
    opened = slots.open_times(madrid, slots.Interval(utc(2026, 10, 24), utc(2026, 10, 26)))
    assert opened == [slots.Interval(utc(2026, 10, 25, 0), utc(2026, 10, 25, 2))]


def test_a_change_by_half_an_hour_is_seen() -> None:
    lord_howe = a_calendar("Australia/Lord_Howe", (slots.Hours(6, 90, 180),))
    opened = slots.open_times(lord_howe, slots.Interval(utc(2026, 10, 3), utc(2026, 10, 5)))
    assert opened == [slots.Interval(utc(2026, 10, 3, 15), utc(2026, 10, 3, 16))]


def test_the_friday_that_samoa_skipped_has_no_hours() -> None:
    every_day = tuple(slots.Hours(day, 540, 1020) for day in range(7))
    apia = a_calendar("Pacific/Apia", every_day)
    opened = slots.open_times(apia, slots.Interval(utc(2011, 12, 29), utc(2012, 1, 2)))
    days = [slots.wall(t.start, ZoneInfo("Pacific/Apia")).day for t in opened]
    assert days == [28, 29, 31, 1, 2]


def test_people_in_kathmandu_meet_at_a_quarter_to() -> None:
    slot = next(
        slots.free_slots(
            [a_calendar("Asia/Kathmandu"), a_calendar("Asia/Kathmandu")],
            30,
            slots.Interval(utc(2026, 3, 2), utc(2026, 3, 4)),
        )
    )
    assert slots.wall(slot.start, ZoneInfo("Asia/Kathmandu")) == wall(2026, 3, 2, 9, 15)


def test_people_whose_hours_never_meet_get_no_slot() -> None:
    madrid, auckland = a_calendar("Europe/Madrid"), a_calendar("Pacific/Auckland")
    assert (
        list(slots.free_slots([madrid, auckland], 60, slots.Interval(utc(2026, 3, 2), utc(2026, 4, 2)))) == []
    )


def test_the_shared_hours_follow_one_sides_clock_change() -> None:
    madrid, new_york = a_calendar("Europe/Madrid"), a_calendar("America/New_York")
    before = next(slots.free_slots([madrid, new_york], 60, slots.Interval(utc(2026, 3, 5), utc(2026, 3, 6))))
    between = next(
        slots.free_slots([madrid, new_york], 60, slots.Interval(utc(2026, 3, 12), utc(2026, 3, 13)))
    )
    assert (before.start, between.start) == (utc(2026, 3, 5, 14), utc(2026, 3, 12, 13))


def test_a_busy_hour_is_not_offered_and_its_neighbours_are() -> None:
    taken = hour(utc(2026, 3, 2, 10))
    one, other = a_calendar("UTC", weekdays("09:00", "12:00"), taken), a_calendar("UTC", weekdays())
    offered = slots.free_slots([one, other], 60, slots.Interval(utc(2026, 3, 2), utc(2026, 3, 3)))
    assert [s.start.hour for s in offered] == [9, 11]


def test_a_wall_time_that_is_skipped_is_later_by_what_was_skipped() -> None:
    madrid = ZoneInfo("Europe/Madrid")
    assert slots.at_wall(wall(2026, 3, 29, 2, 30), madrid) == utc(2026, 3, 29, 1, 30)


def test_a_wall_time_that_comes_twice_is_the_first_one() -> None:
    madrid = ZoneInfo("Europe/Madrid")
    assert slots.at_wall(wall(2026, 10, 25, 2, 30), madrid) == utc(2026, 10, 25, 0, 30)


@given(st.sampled_from(ZONES), st.datetimes(wall(2026, 1, 1), wall(2027, 1, 1), timezones=st.just(UTC)))
def test_the_wall_time_of_an_instant_leads_back_to_it_unless_it_comes_twice(zone: str, at: datetime) -> None:
    there = slots.at_wall(slots.wall(at, ZoneInfo(zone)), ZoneInfo(zone))
    assert there == at or at.astimezone(ZoneInfo(zone)).fold == 1

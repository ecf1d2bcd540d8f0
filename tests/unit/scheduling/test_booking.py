"""Who gets which slot, and when the next session is due."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.core import booking, circles, rounds, slots
from services.scheduling.core.ids import Cadence, MatchId, PersonId
from tests.unit.scheduling.builders import (
    MATCH,
    MENTEE,
    MENTOR,
    MONDAY,
    a_booking,
    a_calendar,
    hour,
    utc,
    wall,
    weekdays,
)


def chosen(decision: circles.Decision) -> booking.Chosen:
    assert isinstance(decision, booking.Chosen), decision
    return decision


def held_on_time(cadence: Cadence, many: int, zone: str = "Europe/Madrid") -> list[booking.Chosen]:
    """The sessions of a pair in which each is held as planned and the next is booked right after it."""
    calendar, now, due = a_calendar(zone), MONDAY, None
    found: list[booking.Chosen] = []
    for _ in range(many):
        wanted = a_booking(cadence=cadence, due_wall=due, ends_on=date(2030, 1, 1))
        one = chosen(booking.choose(wanted, [calendar, calendar], now))
        found.append(one)
        now = one.slot.end
        due = booking.next_due(one.due_wall, slots.wall(one.slot.start, calendar.zone), cadence)
    return found


def test_S27_sessions_of_a_biweekly_pair_are_due_14_days_apart() -> None:
    dates = [one.due_wall.date() for one in held_on_time("biweekly", 8)]
    assert {after - before for before, after in itertools.pairwise(dates)} == {timedelta(days=14)}


def test_S27_every_cadence_has_its_own_distance() -> None:
    for cadence, days in (("weekly", 7), ("biweekly", 14), ("monthly", 28), ("quarterly", 91)):
        dates = [one.due_wall for one in held_on_time(cadence, 4)]  # type: ignore[arg-type]
        assert {after - before for before, after in itertools.pairwise(dates)} == {timedelta(days=days)}


def test_a_series_keeps_its_wall_time_across_a_clock_change() -> None:
    walls = {
        slots.wall(one.slot.start, a_calendar("Europe/Madrid").zone).time()
        for one in held_on_time("weekly", 8)
    }
    offsets = {one.slot.start.hour for one in held_on_time("weekly", 8)}
    assert len(walls) == 1
    assert len(offsets) == 2


def test_a_first_session_is_two_days_ahead_or_more_and_within_ten_days_of_the_match() -> None:
    one = chosen(booking.choose(a_booking(), [a_calendar(), a_calendar()], MONDAY))
    assert one.slot == hour(utc(2026, 3, 4, 9))
    assert one.slot.start - MONDAY >= timedelta(days=2)
    assert one.slot.start - MONDAY <= timedelta(days=10)


def test_a_later_session_is_nearest_to_its_due_time() -> None:
    taken = hour(utc(2026, 3, 18, 10))
    wanted = a_booking(due_wall=wall(2026, 3, 18, 10))
    one = chosen(booking.choose(wanted, [a_calendar("UTC", None, taken), a_calendar()], MONDAY))
    assert one.slot == hour(utc(2026, 3, 18, 9))
    assert one.due_wall == wall(2026, 3, 18, 10)


def test_moving_one_session_does_not_shift_the_series() -> None:
    due, moved_to = wall(2026, 3, 18, 10), wall(2026, 3, 20, 15)
    assert booking.next_due(due, moved_to, "biweekly") == wall(2026, 4, 1, 10)


def test_a_session_held_long_after_its_time_passes_over_the_due_times_it_reached() -> None:
    due, held = wall(2026, 3, 4, 10), wall(2026, 3, 17, 10)
    assert booking.next_due(due, held, "weekly") == wall(2026, 3, 25, 10)


def test_a_session_that_is_long_due_is_still_two_days_ahead() -> None:
    wanted = a_booking(due_wall=wall(2026, 2, 2, 10))
    one = chosen(booking.choose(wanted, [a_calendar(), a_calendar()], MONDAY))
    assert one.slot.start >= MONDAY + timedelta(days=2)


def test_contested_slots_go_to_the_lowest_employee_number_whatever_the_order_of_arrival() -> None:
    mentor = a_calendar("UTC", (slots.Hours(3, 540, 720),))
    pairs = [
        a_booking(match_id=MatchId(UUID(int=n)), mentee_id=PersonId(UUID(int=100 - n)), mentee_number=f"E{n}")
        for n in (1, 2, 3)
    ]
    calendars = {(p.match_id, p.mentee_id): a_calendar() for p in pairs}
    calendars |= {(p.match_id, p.mentor_id): mentor for p in pairs}
    for arrival in itertools.permutations(pairs):
        decided = rounds.choose_all(arrival, {}, calendars, MONDAY)
        got = [(d.booking.mentee_number, chosen(d).slot.start.hour) for d in decided]
        assert got == [("E1", 9), ("E2", 10), ("E3", 11)]


def test_a_mentor_who_is_also_a_mentee_is_never_booked_twice_at_a_time() -> None:
    other = MatchId(UUID(int=11))
    first = a_booking(mentee_number="E1")
    second = a_booking(match_id=other, mentee_id=MENTOR, mentor_id=PersonId(UUID(int=9)), mentee_number="E2")
    calendars = {
        (MATCH, MENTEE): a_calendar(),
        (MATCH, MENTOR): a_calendar(),
        (other, MENTOR): a_calendar(),
        (other, PersonId(UUID(int=9))): a_calendar(),
    }
    one, two = rounds.choose_all([second, first], {}, calendars, MONDAY)
    assert chosen(one).slot.end <= chosen(two).slot.start


def test_people_without_common_hours_are_told_so() -> None:
    decision = booking.choose(
        a_booking(), [a_calendar("Europe/Madrid"), a_calendar("Pacific/Auckland")], MONDAY
    )
    assert decision == booking.NotBooked(a_booking(), "no-common-hours")


def test_hours_too_short_for_a_session_are_no_common_hours() -> None:
    short = a_calendar("UTC", weekdays("09:00", "09:45"))
    assert booking.choose(a_booking(), [short, short], MONDAY) == booking.NotBooked(
        a_booking(), "no-common-hours"
    )


def test_people_who_are_busy_all_the_time_are_told_so() -> None:
    full = a_calendar("UTC", None, slots.Interval(MONDAY, MONDAY + timedelta(days=60)))
    assert booking.choose(a_booking(), [full, a_calendar()], MONDAY) == booking.NotBooked(
        a_booking(), "no-free-slot"
    )


def test_nothing_is_booked_after_the_last_day() -> None:
    over = a_booking(ends_on=date(2026, 3, 3))
    assert booking.choose(over, [a_calendar(), a_calendar()], MONDAY) == booking.NotBooked(over, None)
    weekend_left = a_booking(ends_on=date(2026, 3, 8), due_wall=wall(2026, 3, 7, 10))
    decision = chosen(booking.choose(weekend_left, [a_calendar(), a_calendar()], MONDAY))
    assert decision.slot.end <= utc(2026, 3, 9)


def test_a_due_time_behind_the_last_free_day_is_not_a_problem() -> None:
    last = a_booking(ends_on=date(2026, 3, 15), due_wall=wall(2026, 3, 14, 10), cadence="weekly")
    friday_gone = a_calendar("UTC", (slots.Hours(0, 540, 1020),))
    assert booking.choose(last, [friday_gone, friday_gone], MONDAY) == booking.NotBooked(last, None)


def test_six_slots_are_offered_for_a_move_and_not_more_than_two_of_a_day() -> None:
    now, current = MONDAY, hour(utc(2026, 3, 4, 9))
    offered = booking.offers(current, [a_calendar(), a_calendar()], now=now, ends_on=date(2026, 9, 1))
    assert len(offered) == 6
    assert current not in offered
    assert all(slot.start >= now + timedelta(days=1) for slot in offered)
    days = [slot.start.date() for slot in offered]
    assert max(days.count(day) for day in days) == 2
    assert offered == sorted(offered)


def test_every_offer_can_be_taken() -> None:
    calendars = a_calendar("Asia/Kathmandu"), a_calendar("Europe/Madrid")
    rules = {"now": MONDAY, "ends_on": date(2026, 9, 1)}
    offered = booking.offers(hour(utc(2026, 3, 4, 9)), calendars, **rules)  # type: ignore[arg-type]
    assert offered
    assert all(booking.can_meet(slot, calendars, **rules) for slot in offered)  # type: ignore[arg-type]


def test_a_slot_off_the_grid_outside_the_hours_too_soon_or_too_late_cannot_be_taken() -> None:
    def can(start: datetime) -> bool:
        free = a_calendar()
        return booking.can_meet(hour(start), [free, free], now=MONDAY, ends_on=date(2026, 3, 20))

    assert can(utc(2026, 3, 4, 9))
    assert not can(utc(2026, 3, 4, 9, 10))
    assert not can(utc(2026, 3, 4, 7))
    assert not can(utc(2026, 3, 2, 15))
    assert not can(utc(2026, 3, 23, 9))


def test_all_who_ask_inside_a_quarter_of_an_hour_are_served_together() -> None:
    assert booking.next_round(utc(2026, 3, 2, 9)) == utc(2026, 3, 2, 9, 15)
    assert booking.next_round(utc(2026, 3, 2, 9, 14)) == utc(2026, 3, 2, 9, 15)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(("weekly", "biweekly", "monthly", "quarterly")),
    st.datetimes(wall(2026, 1, 1), wall(2027, 1, 1)),
    st.integers(0, 200 * 24),
)
def test_the_next_due_time_is_whole_cadences_on_and_not_at_once(
    cadence: Cadence, due: datetime, late: int
) -> None:
    held = due + timedelta(hours=late)
    following = booking.next_due(due, held, cadence)
    step = timedelta(days=booking.CADENCE_DAYS[cadence])
    assert (following - due) % step == timedelta(0)
    assert step / 2 <= following - held or following - due == step
    assert following - held <= 1.5 * step

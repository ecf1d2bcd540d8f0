"""A circle meets together: one time for all, at the rarest cadence, and nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.core import booking, circles, rounds, slots
from services.scheduling.core.ids import GroupId, MatchId, MeetingId, PersonId
from tests.unit.scheduling.builders import MENTOR, MONDAY, a_booking, a_calendar, hour, utc, wall, weekdays

CIRCLE = GroupId(UUID(int=77))
OLD = MONDAY - timedelta(days=30)
DAY = timedelta(days=1)


def waits(number: int, **changes: Any) -> booking.Booking:
    """One of the circle's pairs."""
    ids = {"match_id": MatchId(UUID(int=number)), "mentee_id": PersonId(UUID(int=100 + number))}
    return a_booking(**ids, mentee_number=f"E{number}", group_id=CIRCLE, **changes)


def decide(
    waiting: list[booking.Booking],
    circle: circles.Circle | None = None,
    mentor: slots.Calendar | None = None,
    *mentees: slots.Calendar,
    now: datetime = MONDAY,
) -> list[circles.Decision]:
    """The round for one circle; calendars are from nine to five unless given."""
    calendars = {(one.match_id, MENTOR): mentor or a_calendar() for one in waiting}
    for place, one in enumerate(waiting):
        calendars[one.match_id, one.mentee_id] = mentees[place] if place < len(mentees) else a_calendar()
    return rounds.choose_all(waiting, {CIRCLE: circle or circles.Circle(OLD)}, calendars, now)


def slots_of(decided: list[circles.Decision]) -> list[slots.Interval]:
    assert all(isinstance(one, booking.Chosen) for one in decided), decided
    return [one.slot for one in decided if isinstance(one, booking.Chosen)]


def test_S21_a_circle_gets_one_slot_that_is_free_for_all() -> None:
    days = (utc(2026, 3, 4), utc(2026, 3, 5), utc(2026, 3, 6))
    busy = [slots.Interval(day, day + DAY) for day in days]
    got = slots_of(
        decide(
            [waits(1), waits(2), waits(3)],
            None,
            a_calendar("UTC", None, busy[0]),
            a_calendar(),
            a_calendar("UTC", None, busy[1]),
            a_calendar("Europe/Madrid", None, busy[2]),
        )
    )
    assert got == [hour(utc(2026, 3, 9, 9))] * 3


def test_S21_a_circle_meets_at_the_rarest_cadence_and_when_the_last_is_due() -> None:
    due = wall(2026, 3, 18, 10)
    decided = decide(
        [
            waits(1, cadence="weekly", due_wall=due),
            waits(2, cadence="quarterly", due_wall=due + 7 * DAY),
            waits(3, cadence="biweekly"),
        ]
    )
    assert slots_of(decided) == [hour(utc(2026, 3, 25, 10))] * 3
    assert {one.due_wall for one in decided if isinstance(one, booking.Chosen)} == {due + 7 * DAY}
    assert circles.rarest(["weekly", "quarterly", "monthly"]) == "quarterly"


def test_S21_each_session_of_a_meeting_is_on_its_own_mentees_clock() -> None:
    late = weekdays("12:00", "20:00")
    decided = decide([waits(1), waits(2)], None, None, a_calendar(), a_calendar("Asia/Kathmandu", late))
    walls = [one.starts_wall for one in decided if isinstance(one, booking.Chosen)]
    assert walls == [wall(2026, 3, 4, 9), wall(2026, 3, 4, 14, 45)]


def test_S21_the_first_meeting_waits_for_who_has_not_confirmed_but_not_longer_than_a_week() -> None:
    waiting, made_at = [waits(1), waits(2)], MONDAY - 4 * DAY
    drafts = circles.Circle(made_at, drafts=True)
    assert decide(waiting, drafts) == [
        circles.Later(one, booking.next_round(made_at + 7 * DAY)) for one in waiting
    ]
    assert slots_of(decide(waiting, circles.Circle(made_at)))
    assert slots_of(decide(waiting, drafts, now=made_at + 7 * DAY))
    assert slots_of(decide(waiting, replace(drafts, met=True)))


def test_S21_the_first_meeting_waits_until_all_who_were_asked_have_answered() -> None:
    made_at = MONDAY - DAY
    [held] = decide([waits(1)], circles.Circle(made_at))
    assert held == circles.Later(waits(1), booking.next_round(made_at + 3 * DAY))


def planned(start: datetime) -> circles.Circle:
    meeting = circles.Meeting(MeetingId(UUID(int=5)), hour(start), 1, utc(2026, 3, 9, 9))
    return circles.Circle(OLD, met=True, meeting=meeting)


def test_S21_who_confirms_later_joins_the_meeting_that_is_planned_if_it_suits_them() -> None:
    start = utc(2026, 3, 5, 9)
    circle, new = planned(start), waits(4)
    [joined] = decide([new], circle, a_calendar("UTC", None, hour(start)))
    assert isinstance(joined, circles.Joins)
    assert (joined.starts_wall, joined.due_wall) == (wall(2026, 3, 5, 9), wall(2026, 3, 9, 9))
    after = circles.Later(new, booking.next_round(start + timedelta(days=3, hours=1)))
    assert decide([new], circle, None, a_calendar("UTC", None, hour(start))) == [after]
    assert decide([new], circle, now=start - DAY) == [after], "two days are the notice"
    ends = waits(4, ends_on=date(2026, 3, 4))
    assert decide([ends], circle) == [replace(after, booking=ends)]


def test_S21_who_has_met_before_waits_for_the_next_meeting() -> None:
    [held] = decide([waits(1, due_wall=wall(2026, 3, 19, 9))], planned(utc(2026, 3, 5, 9)))
    assert isinstance(held, circles.Later)


def test_S21_who_is_away_or_shares_no_hours_does_not_keep_the_others_from_meeting() -> None:
    away = replace(a_calendar(), away=slots.Interval(MONDAY - DAY, utc(2026, 3, 20)))
    auckland = a_calendar("Pacific/Auckland")
    decided = decide([waits(1), waits(2), waits(3), waits(4)], None, None, away, a_calendar(), auckland)
    by_match = {one.booking.match_id.int: one for one in decided}
    assert by_match[1] == booking.NotBooked(waits(1), "away", utc(2026, 3, 20))
    assert slots_of([by_match[2], by_match[4]]) == [hour(utc(2026, 3, 4, 9))] * 2
    assert by_match[3] == booking.NotBooked(waits(3), "no-common-hours")


def test_S21_a_leave_to_come_of_one_mentee_does_not_delay_the_others_and_one_of_the_mentor_delays_all() -> (
    None
):
    leave = replace(a_calendar(), away=slots.Interval(MONDAY + DAY, utc(2026, 3, 20)))
    one, other = sorted(decide([waits(1), waits(2)], None, None, leave), key=lambda one: one.booking.turn)
    assert one == booking.NotBooked(waits(1), "away", utc(2026, 3, 20))
    assert slots_of([other]) == [hour(utc(2026, 3, 4, 9))]
    assert slots_of(decide([waits(1), waits(2)], None, leave)) == [hour(utc(2026, 3, 20, 9))] * 2


def test_S21_a_circle_without_hours_common_to_all_meets_in_parts_and_never_at_one_time() -> None:
    early, late = a_calendar("UTC", weekdays("08:00", "10:00")), a_calendar("UTC", weekdays("09:30", "12:00"))
    got = slots_of(decide([waits(1), waits(2), waits(3)], None, a_calendar(), early, late, early))
    assert got == [hour(utc(2026, 3, 4, 9)), hour(utc(2026, 3, 4, 9)), hour(utc(2026, 3, 4, 10))]


def test_S21_whose_last_day_comes_first_is_left_out_of_what_is_after_it() -> None:
    over, goes_on = waits(1, ends_on=date(2026, 3, 3)), waits(2)
    one, other = decide([over, goes_on])
    assert one == booking.NotBooked(over, None)
    assert isinstance(other, booking.Chosen)


def test_S21_while_the_mentor_is_away_nobody_of_the_circle_is_booked() -> None:
    away = replace(a_calendar(), away=slots.Interval(MONDAY - DAY, utc(2026, 3, 20)))
    decided = decide([waits(1), waits(2)], None, away)
    assert decided == [booking.NotBooked(waits(n), "away", utc(2026, 3, 20)) for n in (1, 2)]


def test_S21_a_pair_served_after_a_circle_finds_the_time_taken() -> None:
    pair = a_booking(match_id=MatchId(UUID(int=9)), mentee_id=PersonId(UUID(int=109)), mentee_number="E9")
    decided = decide([waits(1), waits(2), pair])
    assert slots_of(decided) == [hour(utc(2026, 3, 4, 9))] * 2 + [hour(utc(2026, 3, 4, 10))]

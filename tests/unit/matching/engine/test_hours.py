from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching import engine
from shared.events import WorkingHours

MONDAY = date(2026, 3, 2)


def hours(zone: str, *stretches: tuple[int, str, str], on: date = MONDAY) -> list[int]:
    parsed = [WorkingHours(weekday=day, starts=starts, ends=ends) for day, starts, ends in stretches]
    bits = engine.half_hours(parsed, ZoneInfo(zone), on)
    return [index for index in range(336) if bits >> index & 1]


def test_half_hours_of_utc_start_at_monday_midnight() -> None:
    assert hours("UTC", (0, "00:00", "01:00"), (1, "09:30", "10:30")) == [0, 1, 48 + 19, 48 + 20]


def test_monday_morning_in_tokyo_is_sunday_evening_of_the_week() -> None:
    assert hours("Asia/Tokyo", (0, "08:00", "10:00")) == [0, 1, 334, 335]


def test_sunday_evening_in_los_angeles_is_monday_morning_of_the_week() -> None:
    assert hours("America/Los_Angeles", (6, "15:00", "17:00"), on=date(2026, 2, 23)) == [0, 1, 334, 335]


def test_a_zone_of_a_half_hour_fits_the_grid_and_one_of_a_quarter_loses_its_edges() -> None:
    assert hours("Asia/Kolkata", (0, "09:00", "10:00")) == [7, 8]
    assert hours("Asia/Kathmandu", (0, "09:00", "10:00")) == [7]


def test_a_stretch_off_the_grid_counts_only_what_lies_wholly_inside() -> None:
    assert hours("UTC", (0, "09:10", "10:20")) == [19]


def test_the_clock_of_the_reference_week_counts() -> None:
    winter, summer = date(2026, 3, 26), date(2026, 4, 2)
    assert hours("Europe/Berlin", (0, "09:00", "09:30"), on=winter) == [16]
    assert hours("Europe/Berlin", (0, "09:00", "09:30"), on=summer) == [14]


def test_a_day_may_end_at_midnight_and_must_not_end_before_it_starts() -> None:
    assert hours("UTC", (6, "23:00", "24:00")) == [334, 335]
    assert hours("UTC", (0, "17:00", "09:00"), (1, "09:00", "09:00")) == []


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        ("UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "Pacific/Auckland", "Pacific/Apia")
    ),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.integers(0, 6),
    st.integers(0, 47),
)
def test_every_half_hour_counted_is_inside_the_local_hours(
    zone: str, on: date, weekday: int, start: int
) -> None:
    starts = f"{start // 2:02}:{start % 2 * 30:02}"
    for index in hours(zone, (weekday, starts, "24:00"), on=on):
        inside = False
        for week in (-1, 0, 1):
            monday = datetime.combine(on - timedelta(days=on.weekday()), datetime.min.time(), UTC)
            local = (monday + timedelta(minutes=30 * (index + 336 * week))).astimezone(ZoneInfo(zone))
            inside |= local.weekday() == weekday and f"{local:%H:%M}" >= starts
        assert inside


@pytest.mark.parametrize("week", [MONDAY, date(2026, 3, 8)])
def test_any_day_of_the_week_stands_for_its_week(week: date) -> None:
    assert hours("America/New_York", (2, "09:00", "17:00"), on=week) == list(range(2 * 48 + 28, 2 * 48 + 44))

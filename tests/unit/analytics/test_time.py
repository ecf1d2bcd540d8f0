"""Days and weeks of business time, windows of wall time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as some

from services.analytics.core import days, live, periods
from services.analytics.core.live import Window

MOMENTS = some.floats(1.5e9, 2.2e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_a_day_is_due_when_it_is_over() -> None:
    assert days.due(None, NOON) == datetime(2026, 3, 5, tzinfo=UTC)
    assert days.due(date(2026, 3, 4), NOON) == datetime(2026, 3, 6, tzinfo=UTC)
    assert days.due(None, None) is None


def test_a_day_is_a_day_in_utc() -> None:
    early_in_tokyo = datetime(2026, 3, 5, 1, 0, tzinfo=timezone(timedelta(hours=9)))
    assert days.next_day(None, early_in_tokyo) == date(2026, 3, 4)


def test_what_happens_at_midnight_belongs_to_the_next_day() -> None:
    assert days.last_instant(date(2026, 3, 4)) < days.midnight(date(2026, 3, 5))
    assert days.midnight(date(2026, 3, 5)) - days.last_instant(date(2026, 3, 4)) == timedelta(microseconds=1)


def test_weeks_begin_on_monday_and_none_is_left_out() -> None:
    assert days.week_of(NOON) == date(2026, 3, 2)
    counts = {date(2026, 3, 2): 3, date(2026, 3, 23): 1}
    assert days.every_week(counts, datetime(2026, 4, 1, tzinfo=UTC)) == (
        (date(2026, 3, 2), 3),
        (date(2026, 3, 9), 0),
        (date(2026, 3, 16), 0),
        (date(2026, 3, 23), 1),
        (date(2026, 3, 30), 0),
    )
    assert days.every_week({}, NOON) == ()


def test_weeks_that_are_yet_to_come_are_not_told() -> None:
    ahead = {date(2026, 3, 2): 3, date(2026, 3, 9): 1}
    assert days.every_week(ahead, NOON) == ((date(2026, 3, 2), 3),)
    assert days.every_week({date(2026, 3, 9): 1}, NOON) == ()


@given(MOMENTS)
def test_a_moment_falls_into_the_window_that_begins_at_most_ten_seconds_before(moment: datetime) -> None:
    start = live.window_of(moment)
    assert timedelta(0) <= moment - start < timedelta(seconds=10)
    assert start.timestamp() % 10 == 0
    assert live.window_of(start) == start


@given(MOMENTS)
def test_only_windows_that_are_over_are_counted_again(now: datetime) -> None:
    since, until = live.recount_span(now)
    assert until + live.SETTLED <= now
    assert until - since == live.RECOUNTED
    assert live.window_of(until) == until


def test_events_per_second_show_the_quiet_windows_too() -> None:
    start = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)
    windows = [
        Window("match-made", start, 5),
        Window("message-sent", start, 15),
        Window("message-sent", start + timedelta(seconds=20), 10),
    ]
    seconds = live.per_second(windows, since=start, until=start + timedelta(seconds=29))
    assert [value for _, value in seconds] == [2.0, 0.0, 1.0]
    assert live.by_topic(windows) == {"message-sent": 25, "match-made": 5}


def test_an_unknown_range_is_all_time() -> None:
    assert periods.days_of("nonsense") is None
    assert periods.known("nonsense") == "all"
    assert periods.days_of("4w") == 28

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.notifications import core
from tests.unit.notifications import builders

ZONES = [
    "Europe/Madrid",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
]
HOUR = timedelta(hours=1)


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_by_day_nothing_is_held_back(zone: str) -> None:
    for hour in ("07:00", "12:30", "21:59:59"):
        at = local(zone, f"2026-05-06T{hour}")
        assert core.awake(at, zone) == at


@pytest.mark.parametrize("zone", ZONES)
def test_quiet_hours_end_at_seven_on_the_recipients_clock(zone: str) -> None:
    assert core.awake(local(zone, "2026-05-06T22:00"), zone) == local(zone, "2026-05-07T07:00")
    assert core.awake(local(zone, "2026-05-06T23:59"), zone) == local(zone, "2026-05-07T07:00")
    assert core.awake(local(zone, "2026-05-07T00:00"), zone) == local(zone, "2026-05-07T07:00")
    assert core.awake(local(zone, "2026-05-07T06:59:59"), zone) == local(zone, "2026-05-07T07:00")


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Madrid", "2026-03-28T22:00", 8),
        ("Europe/Madrid", "2026-10-24T22:00", 10),
        ("Australia/Lord_Howe", "2026-04-04T22:00", 9.5),
        ("Australia/Lord_Howe", "2026-10-03T22:00", 8.5),
        ("Africa/Casablanca", "2026-02-14T22:00", 10),
        ("Africa/Casablanca", "2026-03-21T22:00", 8),
    ],
)
def test_a_night_in_which_the_clocks_change_is_longer_or_shorter(zone: str, night: str, hours: float) -> None:
    at = local(zone, night)
    assert core.awake(at, zone) - at == timedelta(hours=hours)


@pytest.mark.parametrize("zone", ZONES)
def test_S67_a_feedback_request_goes_out_within_the_hour_or_at_the_end_of_quiet_hours(zone: str) -> None:
    """Every quarter of an hour of a week with a clock change in it."""
    for quarter in range(7 * 96):
        at = datetime(2026, 3, 26, tzinfo=UTC) + quarter * timedelta(minutes=15)
        due = core.due_at("feedback", at, zone)
        wall = due.astimezone(ZoneInfo(zone))
        assert 7 <= wall.hour < 22
        assert due - at <= HOUR or (wall.hour, wall.minute) == (7, 0)
        assert due - at <= timedelta(hours=10)


def test_a_cancellation_passes_the_quiet_hours() -> None:
    night = local("Europe/Madrid", "2026-05-06T23:30")
    assert core.due_at("session-cancelled", night, "Europe/Madrid", builders.a_meeting()) == night


def test_what_is_urgent_passes_the_quiet_hours() -> None:
    """A session before half past eight: its last reminder comes an hour before, in the quiet hours or not."""
    start = local("Europe/Madrid", "2026-05-07T07:30")
    at = start - HOUR
    assert core.due_at("reminder-hour", at, "Europe/Madrid", builders.a_meeting(start)) == at


def test_quiet_hours_hold_an_invitation_no_longer_than_two_hours_before_the_session() -> None:
    start = local("Europe/Madrid", "2026-05-07T08:00")
    late = local("Europe/Madrid", "2026-05-06T23:00")
    due = core.due_at("session-moved", late, "Europe/Madrid", builders.a_meeting(start))
    assert due == start - timedelta(hours=2)


def test_what_is_not_urgent_waits_for_the_morning() -> None:
    late = local("Asia/Kathmandu", "2026-05-06T23:00")
    meeting = builders.a_meeting(late + timedelta(days=3))
    for kind in ("session-scheduled", "proposal", "matched", "session-over"):
        assert core.due_at(kind, late, "Asia/Kathmandu", meeting) == local(  # type: ignore[arg-type]
            "Asia/Kathmandu", "2026-05-07T07:00"
        )


def test_a_message_whose_recipient_moved_to_another_zone_waits_for_their_morning() -> None:
    message = builders.a_message(builders.a_notice("matched"))
    assert core.now_due(message, builders.MENTEE, builders.NOW) == builders.NOW
    moved = replace(builders.MENTEE, time_zone="Pacific/Auckland")
    night_in_auckland = local("Pacific/Auckland", "2026-03-03T07:00")
    assert core.now_due(message, moved, local("Pacific/Auckland", "2026-03-02T22:30")) == (night_in_auckland)


def test_a_reminder_of_a_session_that_has_begun_is_useless() -> None:
    notice = builders.a_notice("reminder-hour")
    assert notice.useful_until is not None
    assert core.now_due(builders.a_message(notice), builders.MENTEE, notice.useful_until) is None


def test_U6_what_is_due_to_somebody_without_access_is_never_sent() -> None:
    message = builders.a_message(builders.a_notice("matched"))
    for status, due in (("leave", builders.NOW), ("inactive", None), ("terminated", None)):
        assert core.now_due(message, replace(builders.MENTEE, status=status), builders.NOW) == due

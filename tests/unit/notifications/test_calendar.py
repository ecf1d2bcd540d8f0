from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil import tz

from services.notifications import core
from services.notifications.channels import calendar
from tests.unit.notifications import builders
from tests.unit.notifications.builders import MENTEE, MENTOR, NOW, part, written

ZONES = [
    "Europe/Madrid",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
]


def entry(notice: core.Notice, *, zone: str = "Europe/Madrid") -> tuple[icalendar.Calendar, icalendar.Event]:
    """The calendar object in the mail about a notice to somebody in `zone`."""
    known = builders.names(replace(builders.CARDS[notice.recipient_id], time_zone=zone))
    parsed = icalendar.Calendar.from_ical(part(written(notice, known=known), "calendar"))
    assert isinstance(parsed, icalendar.Calendar)
    [event] = parsed.walk("VEVENT")
    assert isinstance(event, icalendar.Event)
    return parsed, event


def at(starts_at: datetime, *, kind: core.Kind = "session-scheduled", sequence: int = 0) -> core.Notice:
    return replace(builders.a_notice(kind), meeting=builders.a_meeting(starts_at, sequence=sequence))


def test_a_calendar_mail_is_an_alternative_with_its_method_in_the_type() -> None:
    for kind, method in (("session-scheduled", "REQUEST"), ("session-cancelled", "CANCEL")):
        mail = written(builders.a_notice(kind))  # type: ignore[arg-type]
        kinds = [one.get_content_type() for one in mail.iter_parts()]
        assert kinds == ["text/plain", "text/html", "text/calendar"], "the richest comes last"
        [found] = [one for one in mail.iter_parts() if one.get_content_type() == "text/calendar"]
        assert found.get_param("method") == method
        assert found.get_content_charset() == "utf-8"


def test_other_mails_bring_no_calendar_entry() -> None:
    for kind in ("matched", "reminder-day", "session-over", "feedback"):
        mail = written(builders.a_notice(kind))  # type: ignore[arg-type]
        assert all(one.get_content_type() != "text/calendar" for one in mail.walk())


def test_an_entry_keeps_its_uid_for_life_and_counts_its_changes() -> None:
    uids = set()
    for sequence, kind in enumerate(("session-scheduled", "session-moved", "session-cancelled")):
        parsed, event = entry(at(NOW + timedelta(days=3 + sequence), kind=kind, sequence=sequence))  # type: ignore[arg-type]
        uids.add(str(event["uid"]))
        assert event["sequence"] == sequence
        assert parsed["method"] == ("CANCEL" if kind == "session-cancelled" else "REQUEST")
        assert event["status"] == ("CANCELLED" if kind == "session-cancelled" else "CONFIRMED")
    assert uids == {f"{builders.a_meeting().session_id}@{builders.DOMAIN}"}


def test_an_entry_names_both_people_an_organizer_of_our_own_and_the_pairs_page() -> None:
    _, event = entry(builders.a_notice("session-scheduled"))
    assert event["organizer"] == f"mailto:hello@{builders.DOMAIN}"
    assert list(event["attendee"]) == [f"mailto:{MENTEE.email}", f"mailto:{MENTOR.email}"]
    assert str(event["url"]).startswith("https://when.example/pair/")
    assert event["summary"] == "Mentoring: Zoë Müller and Roberto Tamburello"
    assert event["dtstamp"].dt == NOW
    assert event["class"] == "PRIVATE"


def test_an_entry_that_is_sent_again_is_stamped_anew() -> None:
    mail = written(builders.a_notice("session-scheduled"), now=NOW + timedelta(hours=1))
    [event] = icalendar.Calendar.from_ical(part(mail, "calendar")).walk("VEVENT")
    assert event["dtstamp"].dt == NOW + timedelta(hours=1)


@pytest.mark.parametrize("zone", ZONES)
def test_the_start_is_told_in_the_recipients_zone_and_is_the_same_instant(zone: str) -> None:
    for starts_at in (
        NOW,
        datetime(2026, 7, 1, 14, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    ):
        parsed, event = entry(at(starts_at), zone=zone)
        assert event["dtstart"].params["TZID"] == zone
        [definition] = parsed.walk("VTIMEZONE")
        assert definition["tzid"] == zone
        wall = starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert event["dtstart"].dt.replace(tzinfo=None) == wall
        assert understood(parsed, zone, wall) == starts_at
        assert event["dtend"].dt - event["dtstart"].dt == timedelta(minutes=45)


def understood(parsed: icalendar.Calendar, zone: str, wall: datetime) -> datetime:
    """What a program that knows nothing but the definition in the mail makes of a wall time."""
    read = tz.tzical(io.StringIO(parsed.to_ical().decode().replace("\r\n", "\n"))).get(zone)
    return wall.replace(tzinfo=read).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_a_zones_definition_is_right_all_year_and_in_every_half_hour_around_clock_changes(zone: str) -> None:
    """An hour that happens twice, or never, is left to its readers."""
    definition = calendar.define(zone, 2026)
    whole = icalendar.Calendar()
    whole.add_component(definition)
    read = tz.tzical(io.StringIO(whole.to_ical().decode().replace("\r\n", "\n"))).get(zone)
    known = ZoneInfo(zone)
    for day in range(364):
        midnight = datetime(2026, 1, 1) + timedelta(days=day)  # noqa: DTZ001 - a wall time
        changes = offset(midnight, known) != offset(midnight + timedelta(days=1), known)
        for half_hour in range(48) if changes else (20,):
            wall = midnight + timedelta(minutes=30 * half_hour)
            if offset(wall, known) == offset(wall.replace(fold=1), known):
                assert offset(wall, read) == offset(wall, known), wall


def offset(wall: datetime, zone: tzinfo | None) -> timedelta | None:
    return wall.replace(tzinfo=zone).utcoffset()


def test_a_clock_change_begins_on_the_clocks_before_it() -> None:
    """RFC 5545, 3.6.5: the onset is a local time in the offset that was in force."""
    spring = calendar.define("Australia/Lord_Howe", 2026).to_ical().decode()
    assert "DTSTART:20261004T020000" in spring
    assert "DTSTART:20260405T020000" in spring


def test_in_utc_no_definition_is_needed() -> None:
    parsed, event = entry(builders.a_notice("session-scheduled"), zone="UTC")
    assert not parsed.walk("VTIMEZONE")
    assert event["dtstart"].dt == builders.a_meeting().starts_at


def test_a_definition_is_made_once_per_zone_and_year() -> None:
    zones = calendar.Zones()
    for days in (1, 2, 400):
        meeting = builders.a_meeting(NOW + timedelta(days=days))
        made = calendar.Entry("REQUEST", meeting, "Europe/Madrid", "x", "x", None, "a@b", (MENTEE, MENTOR))
        calendar.write(made, NOW, zones)
    assert sorted(zones.made) == [("Europe/Madrid", 2026), ("Europe/Madrid", 2027)]

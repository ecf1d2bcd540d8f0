"""The calendar entry of a session (RFC 5545), as it travels in a mail (RFC 6047)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import icalendar

from services.notifications import core

Method = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True)
class Entry:
    """What one person's calendar is to show; `url` opens the pair's page, where there is one to open."""

    method: Method
    meeting: core.Meeting
    time_zone: str
    summary: str
    description: str
    url: str | None
    organizer: str
    attendees: Sequence[core.Card]


@dataclass(frozen=True)
class Zones:
    """Time zone definitions already made, by zone and year: making one takes longer than all of the rest."""

    made: dict[tuple[str, int], icalendar.Timezone] = field(default_factory=dict)


def write(entry: Entry, now: datetime, zones: Zones) -> str:
    """The text of the calendar object. The UID stays the same for the life of the session."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Mentoring//Sessions//EN")
    calendar.add("version", "2.0")
    calendar.add("method", entry.method)
    starts_at = entry.meeting.starts_at.astimezone(ZoneInfo(entry.time_zone))
    if entry.time_zone != "UTC":
        calendar.add_component(_definition(zones, entry.time_zone, starts_at.year))
    calendar.add_component(_event(entry, now))
    text: bytes = calendar.to_ical()
    return text.decode()


def _event(entry: Entry, now: datetime) -> icalendar.Event:
    zone = ZoneInfo(entry.time_zone)
    event = icalendar.Event()
    event.add("uid", uid(entry.meeting, entry.organizer))
    event.add("sequence", entry.meeting.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", entry.meeting.starts_at.astimezone(zone))
    event.add("dtend", entry.meeting.ends_at.astimezone(zone))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("status", "CANCELLED" if entry.method == "CANCEL" else "CONFIRMED")
    event.add("class", "PRIVATE")
    organizer = icalendar.vCalAddress(f"mailto:{entry.organizer}")
    organizer.params["CN"] = "Mentoring"
    event.add("organizer", organizer)
    for card in entry.attendees:
        if not card.email:  # somebody who was erased meanwhile
            continue
        event.add("attendee", _attendee(card))
    if entry.url is not None:
        event.add("url", entry.url)
    return event


def uid(meeting: core.Meeting, organizer: str) -> str:
    return f"{meeting.session_id}@{organizer.rpartition('@')[2]}"


def _attendee(card: core.Card) -> icalendar.vCalAddress:
    attendee = icalendar.vCalAddress(f"mailto:{card.email}")
    attendee.params["CN"] = card.name
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "NEEDS-ACTION"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _definition(zones: Zones, name: str, year: int) -> icalendar.Timezone:
    made = zones.made.get((name, year))
    if made is None:
        made = zones.made[(name, year)] = define(name, year)
    return made


def define(name: str, year: int) -> icalendar.Timezone:
    """The zone's rules for one year, each change of the clocks by its date.

    Made here because icalendar 7.3 writes the onset of a clock change as read on the clocks after the change;
    RFC 5545 (3.6.5) wants it on those before, and where clocks go forward the two differ.
    """
    zone = ZoneInfo(name)
    begin = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    definition = icalendar.Timezone()
    definition.add("tzid", name)
    definition.add_component(_observance(begin, zone, _offset(begin, zone)))
    for at, before in _changes(zone, begin, end):
        definition.add_component(_observance(at, zone, before))
    return definition


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """Each instant at which the zone's offset changes, with the offset before."""
    at = begin
    while at < end:
        following = at + timedelta(days=1)
        before = _offset(at, zone)
        if _offset(following, zone) != before:
            low, high = at, following
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
            yield high, before
        at = following


def _observance(
    at: datetime, zone: ZoneInfo, before: timedelta
) -> icalendar.TimezoneStandard | icalendar.TimezoneDaylight:
    local = at.astimezone(zone)
    part = icalendar.TimezoneDaylight() if local.dst() else icalendar.TimezoneStandard()
    part.add("dtstart", (at + before).replace(tzinfo=None))
    part.add("tzoffsetfrom", before)
    part.add("tzoffsetto", _offset(at, zone))
    part.add("tzname", local.tzname())
    return part

"""Instants in words, on the reader's own clock. Zones are IANA names, results plain English."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def day(at: datetime, zone_name: str) -> str:
    """`Tuesday 3 March 2026`."""
    local = at.astimezone(ZoneInfo(zone_name))
    return f"{local:%A} {local.day} {local:%B} {local.year}"


def hour(at: datetime, zone_name: str) -> str:
    """`09:30`."""
    return f"{at.astimezone(ZoneInfo(zone_name)):%H:%M}"


def zone(at: datetime, zone_name: str) -> str:
    """`Madrid time (UTC+1)`: the name people use, and the offset of that day, which settles every doubt."""
    offset = at.astimezone(ZoneInfo(zone_name)).utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset is not None else 0
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    shift = f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"
    if "/" not in zone_name:
        return "UTC" if minutes == 0 else f"{zone_name} ({shift})"
    city = zone_name.rsplit("/", 1)[1].replace("_", " ")
    return f"{city} time ({shift})"


def day_and_hour(at: datetime, zone_name: str) -> str:
    """`Tuesday 3 March 2026, 09:30, Madrid time (UTC+1)`."""
    return f"{day(at, zone_name)}, {hour(at, zone_name)}, {zone(at, zone_name)}"


def span(starts_at: datetime, ends_at: datetime, zone_name: str) -> str:
    """`Tuesday 3 March 2026, 09:30–10:15, Madrid time (UTC+1)`."""
    hours = f"{hour(starts_at, zone_name)}–{hour(ends_at, zone_name)}"
    return f"{day(starts_at, zone_name)}, {hours}, {zone(starts_at, zone_name)}"

"""The week as a bitset: 336 half-hours in UTC, bit 0 is Monday 00:00 to 00:30."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

HALF_HOURS = 336


class WeeklyHours(Protocol):
    """One weekly stretch of local wall time: `weekday` 0 is Monday, times are HH:MM, `ends` may be 24:00."""

    @property
    def weekday(self) -> int: ...
    @property
    def starts(self) -> str: ...
    @property
    def ends(self) -> str: ...


def half_hours(stretches: Iterable[WeeklyHours], zone: tzinfo, on: date) -> int:
    """The half-hours lying wholly inside the stretches, in the week of `on` with that week's clock.

    A stretch that leaves the UTC week (Monday morning in Tokyo) comes back in at its other end. One that does
    not end after it starts counts nothing.
    """
    monday = on - timedelta(days=on.weekday())
    bits = 0
    for stretch in stretches:
        day = monday + timedelta(days=stretch.weekday)
        first = -(-_minute(monday, day, stretch.starts, zone) // 30)
        last = _minute(monday, day, stretch.ends, zone) // 30
        for index in range(first, last):
            bits |= 1 << index % HALF_HOURS
    return bits


def _minute(monday: date, day: date, wall: str, zone: tzinfo) -> int:
    """Minutes from Monday 00:00 UTC to that wall time on that day."""
    hour, minute = int(wall[:2]), int(wall[3:])
    local = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), zone)
    return (local.astimezone(UTC) - datetime.combine(monday, time(), UTC)) // timedelta(minutes=1)

"""When people can meet: slots inside the weekly working hours of all, whatever their clocks do.

Working hours are local wall time, slots are instants. A zone is cut into stretches of one offset; inside such
a stretch wall time is instant + offset, so a local window becomes exact instants there. Hours that a clock
change skips yield nothing, hours that it repeats yield both passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import reduce
from typing import NamedTuple

GRID = timedelta(minutes=30)
PROBE = timedelta(hours=12)
SECOND = timedelta(seconds=1)
ZERO = timedelta(0)


class Interval(NamedTuple):
    """Instants from `start` (in) to `end` (out), aware, UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Hours:
    """A weekly stretch of local wall time; `weekday` 0 is Monday, minutes count from midnight (0 to 1440)."""

    weekday: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True)
class Calendar:
    """One person's weekly hours on the clock of their zone, the times already taken, and the time in which
    the person is away."""

    zone: tzinfo
    hours: tuple[Hours, ...]
    busy: tuple[Interval, ...] = ()
    away: Interval | None = None

    @property
    def taken(self) -> tuple[Interval, ...]:
        return self.busy if self.away is None else (*self.busy, self.away)


class _Stretch(NamedTuple):
    start: datetime
    end: datetime
    offset: timedelta


def free_slots(calendars: Sequence[Calendar], minutes: int, within: Interval) -> Iterator[Interval]:
    """Every slot of `minutes` on the half-hour grid in which all can meet and nobody is busy, in order."""
    length = timedelta(minutes=minutes)
    taken = [interval for calendar in calendars for interval in calendar.taken]
    for stretch in shared_times(calendars, within):
        start = _on_grid(stretch.start)
        while start + length <= stretch.end:
            slot = Interval(start, start + length)
            if not _taken(slot, taken):
                yield slot
            start += GRID


def shared_times(calendars: Sequence[Calendar], within: Interval) -> list[Interval]:
    """The instants inside everybody's working hours, taken or not."""
    return reduce(_both, (open_times(calendar, within) for calendar in calendars))


def open_times(calendar: Calendar, within: Interval) -> list[Interval]:
    """The instants of a person's working hours, disjoint and in order."""
    found: list[Interval] = []
    for stretch in _stretches(calendar.zone, within):
        found.extend(_windows(calendar.hours, stretch))
    return _joined(found)


def at_wall(wall: datetime, zone: tzinfo) -> datetime:
    """The instant at which the clock of `zone` shows the naive `wall`.

    A time that the clock shows twice is the first of the two; one that it skips is as much later as was
    skipped.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall(at: datetime, zone: tzinfo) -> datetime:
    """What the clock of `zone` shows at `at`, naive."""
    return at.astimezone(zone).replace(tzinfo=None)


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The instant at which `day` is over in `zone`."""
    return at_wall(datetime.combine(day + timedelta(days=1), time()), zone)


def _both(mine: Sequence[Interval], theirs: Sequence[Interval]) -> list[Interval]:
    """What lies in both of two lists of intervals, each disjoint and in order."""
    found: list[Interval] = []
    left = right = 0
    while left < len(mine) and right < len(theirs):
        start = max(mine[left].start, theirs[right].start)
        end = min(mine[left].end, theirs[right].end)
        if start < end:
            found.append(Interval(start, end))
        if mine[left].end < theirs[right].end:
            left += 1
        else:
            right += 1
    return found


def _stretches(zone: tzinfo, within: Interval) -> Iterator[_Stretch]:
    """`within`, cut where the offset changes. Two changes inside twelve hours are not looked for."""
    start, probe = within.start, within.start
    offset = _offset(zone, start)
    while probe < within.end:
        ahead = min(probe + PROBE, within.end)
        if _offset(zone, ahead) != offset:
            change = _change(zone, probe, ahead)
            yield _Stretch(start, change, offset)
            start, offset = change, _offset(zone, change)
        probe = ahead
    if start < within.end:
        yield _Stretch(start, within.end, offset)


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The first second of the new offset between two instants whose offsets differ."""
    old = _offset(zone, before)
    low = before.replace(microsecond=0)
    high = after.replace(microsecond=0) + SECOND
    while high - low > SECOND:
        middle = low + (high - low) // (2 * SECOND) * SECOND
        if _offset(zone, middle) == old:
            low = middle
        else:
            high = middle
    return high


def _windows(hours: Sequence[Hours], stretch: _Stretch) -> Iterator[Interval]:
    day = (stretch.start + stretch.offset).date()
    last = (stretch.end + stretch.offset).date()
    while day <= last:
        midnight = datetime.combine(day, time(), UTC) - stretch.offset
        for window in hours:
            if window.weekday == day.weekday():
                start = max(stretch.start, midnight + timedelta(minutes=window.opens_minute))
                end = min(stretch.end, midnight + timedelta(minutes=window.closes_minute))
                if start < end:
                    yield Interval(start, end)
        day += timedelta(days=1)


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for interval in sorted(intervals):
        if joined and interval.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, interval.end))
        else:
            joined.append(interval)
    return joined


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or ZERO


def _on_grid(at: datetime) -> datetime:
    """The first half hour of UTC that is not before `at`: the one grid that all zones share."""
    past = timedelta(minutes=at.minute % 30, seconds=at.second, microseconds=at.microsecond)
    return at + (GRID - past) if past else at


def _taken(slot: Interval, busy: Iterable[Interval]) -> bool:
    return any(slot.start < taken.end and taken.start < slot.end for taken in busy)

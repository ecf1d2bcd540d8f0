"""Days and weeks of business time, in UTC; a week begins on Monday."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
WRITTEN_AT_ONCE = 7
"""How many days are written again in one step, at most."""
AN_INSTANT = timedelta(microseconds=1)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def last_instant(day: date) -> datetime:
    """The last microsecond of a day: what happened at midnight belongs to the next."""
    return midnight(day + A_DAY) - AN_INSTANT


def due(last_closed: date | None, first_fact: datetime | None) -> datetime | None:
    """When the next day is over and can be written; None as long as nothing was heard."""
    day = next_day(last_closed, first_fact)
    return None if day is None else midnight(day + A_DAY)


def next_day(last_closed: date | None, first_fact: datetime | None) -> date | None:
    """The day to be written next: after the last one written, or the day of the first fact."""
    if last_closed is not None:
        return last_closed + A_DAY
    return None if first_fact is None else first_fact.astimezone(UTC).date()


def written_again(late_since: datetime, first_fact: datetime, last_closed: date) -> tuple[date, ...]:
    """The next days to be written again because of facts that came late, oldest first."""
    first = max(late_since, first_fact).astimezone(UTC).date()
    many = min((last_closed - first).days + 1, WRITTEN_AT_ONCE)
    return tuple(first + A_DAY * n for n in range(many))


def week_of(moment: datetime) -> date:
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def every_week(counts: Mapping[date, int], until: datetime) -> tuple[tuple[date, int], ...]:
    """A count for each week from the first that has one up to `until`: without any it is 0, not missing."""
    last = week_of(until)
    first = min(counts, default=last + A_WEEK)
    weeks = (last - first).days // 7
    return tuple((week, counts.get(week, 0)) for week in _weeks(first, weeks + 1))


def _weeks(first: date, many: int) -> Iterable[date]:
    return (first + A_WEEK * n for n in range(many))

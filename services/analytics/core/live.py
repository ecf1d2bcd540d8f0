"""Windows of ten seconds of record (wall) time, and what a chart makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WINDOW_S = 10
KEPT = timedelta(hours=24)
SETTLED = timedelta(seconds=WINDOW_S)
"""How long after its end a window is first counted anew: most of what was sent in it is applied by then."""
RECOUNTED = timedelta(minutes=5)


@dataclass(frozen=True)
class Window:
    """Events of one topic in the ten seconds from `starts_at` on."""

    topic: str
    starts_at: datetime
    events: int


def window_of(moment: datetime) -> datetime:
    """The beginning of the window a moment falls into."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % WINDOW_S, UTC)


def recount_span(now: datetime) -> tuple[datetime, datetime]:
    """The stretch of closed windows to count anew: long enough that what came late is still brought in."""
    until = window_of(now - SETTLED)
    return until - RECOUNTED, until


def per_second(
    windows: Iterable[Window], *, since: datetime, until: datetime
) -> tuple[tuple[datetime, float], ...]:
    """Events per second of all topics together, for every window in a stretch, empty ones as 0."""
    sums: dict[datetime, int] = {}
    for one in windows:
        sums[one.starts_at] = sums.get(one.starts_at, 0) + one.events
    first = window_of(since)
    many = int((window_of(until) - first).total_seconds()) // WINDOW_S
    moments = (first + timedelta(seconds=WINDOW_S * n) for n in range(many + 1))
    return tuple((moment, sums.get(moment, 0) / WINDOW_S) for moment in moments)


def by_topic(windows: Iterable[Window]) -> Mapping[str, int]:
    """Events of each topic, most first."""
    sums: dict[str, int] = {}
    for one in windows:
        sums[one.topic] = sums.get(one.topic, 0) + one.events
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

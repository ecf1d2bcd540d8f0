"""The only source of business time: due dates, link expiry, quiet hours, event time.

Plumbing time (leases, back-off, retention) is wall or monotonic time and never comes from here.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the business time, aware and in UTC."""

    def now(self) -> datetime: ...

    @property
    def told(self) -> bool:
        """Whether the clock may be trusted: nobody is let in who would act on it before."""
        ...

    async def started(self) -> None:
        """Returns once the clock may be trusted: consumers and jobs wait for it."""
        ...


class WallClock:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def told(self) -> bool:
        return True

    async def started(self) -> None:
        return


class SteppedClock:
    """Time that stands still until it is told; a service that has not been told yet does no work."""

    def __init__(self) -> None:
        self._now: datetime | None = None
        self._told = asyncio.Event()

    def now(self) -> datetime:
        if self._now is None:
            return datetime.fromtimestamp(0, UTC)
        return self._now

    @property
    def told(self) -> bool:
        return self._now is not None

    def set(self, now: datetime) -> None:
        """Moves forward to `now` (aware). Going back is a ValueError, the same time again is not."""
        if now.tzinfo is None:
            raise ValueError("the time needs a zone")
        if self._now is not None and now < self._now:
            raise ValueError(f"the clock is at {self._now.isoformat()} and does not go back")
        self._now = now.astimezone(UTC)
        self._told.set()

    async def started(self) -> None:
        await self._told.wait()

"""All clients at once: small programmes from import to feedback, and HR's large files."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from tests.chaos.load.circle import Circle, Stuck
from tests.chaos.load.desk import Declined, Desk, NoAnswer
from tests.chaos.load.hurry import Hurry
from tests.chaos.load.people import Someone, as_csv
from tests.chaos.load.post import NoMail, Post

FILES = 6
BEHIND_S = 3.0
BEHIND_LEAST = 300
"""HR's files wait while a listener is behind by more than so many seconds of them, or so many events."""


async def never_behind() -> int:
    return 0


@dataclass(eq=False)
class Crowd:
    """`lives` are the circles at one time, `events_per_s` what the files of HR are to say, `behind`
    tells how many events the slowest listener has not heard yet.

    `ends` counts how lives ended; `troubles` are the words of those that did not end well.
    """

    desk: Desk
    post: Post
    hurry: Hurry
    zone: str
    chance: random.Random
    lives: int = 3
    per_file: int = 200
    events_per_s: float = 200.0
    behind: Callable[[], Awaitable[int]] = never_behind
    ends: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    imports: int = 0
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        jobs = [self.post.watch(), self._files(), *(self._lives() for _ in range(self.lives))]
        self._tasks = [asyncio.create_task(job) for job in jobs]

    async def stop(self) -> None:
        """Everybody goes home in the middle of what they do; the mail is still read."""
        for task in self._tasks:
            task.cancel()
        found = await asyncio.gather(*self._tasks, return_exceptions=True)
        for error in found:
            if isinstance(error, Exception) and not isinstance(error, asyncio.CancelledError):
                raise error

    async def one_file(self) -> None:
        """A file in which everybody has a new title: as many events as rows."""
        first = self.imports % FILES * self.per_file
        self.imports += 1
        title = f"Buyer {self.imports}"
        people = [Someone(f"bulk-{first + place}", title) for place in range(self.per_file)]
        csv = as_csv(people, self.zone)
        report = await self.desk.post(
            "matching", "/v1/people/import", data=csv.encode(), headers={"content-type": "text/csv"}
        )
        assert report["applied"] == self.per_file, report
        self.desk.ledger.acknowledged(("person-changed", one.number, one.title) for one in people)

    async def _files(self) -> None:
        """As fast as wanted, never faster than the answers come, and not while the listeners are far behind:
        on a slow machine the other clients would wait for their mail behind HR's files."""
        while True:
            began = time.monotonic()
            if await self.behind() < max(BEHIND_LEAST, BEHIND_S * self.events_per_s):
                await self._tried(self.one_file(), "file taken over")
            await asyncio.sleep(max(0.1, self.per_file / self.events_per_s - (time.monotonic() - began)))

    async def _lives(self) -> None:
        while True:
            number = next(self._numbers)
            chance = random.Random(f"{self.chance.random()}")
            name, seats = f"circle-{number}", chance.choice((1, 1, 2))
            circle = Circle(self.desk, self.post, self.hurry, name, self.zone, chance, seats=seats)
            await self._tried(circle.live(), "lived to the end")

    async def _tried(self, work: Awaitable[None], done: str) -> None:
        """One client's trouble ends its own life alone; what it means is seen by the checker."""
        try:
            await work
            self.ends[done] += 1
        except (Declined, NoAnswer, NoMail, Stuck) as error:
            self.ends[type(error).__name__] += 1
            self.troubles.append(f"{type(error).__name__}: {error}")

"""Clients that send requests made beforehand, so many at a time, and note how long each answer takes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import aiohttp

from tests.bench.ground import Failed


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def at(self, path: str) -> Request:
        return replace(self, path=path)


@dataclass
class Driven:
    """What came of some requests: seconds in all, and of each answer."""

    began: float
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return len(self.latencies_s) / self.seconds

    def at(self, share: float) -> float:
        """The latency within which that share of the answers came, in milliseconds."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    def all_are(self, status: int) -> Driven:
        """Raises Failed unless every answer had that status."""
        if set(self.statuses) != {status}:
            raise Failed(f"answers were {dict(self.statuses)}, not all {status}: {self.answers[-1][:500]!r}")
        return self


@dataclass(frozen=True)
class Clients:
    """`many` connections that are kept."""

    session: aiohttp.ClientSession
    many: int

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, base: str, many: int) -> AsyncIterator[Clients]:
        connector = aiohttp.TCPConnector(limit=many)
        async with aiohttp.ClientSession(base, connector=connector) as session:
            yield cls(session, many)

    async def drive(self, requests: Iterable[Request]) -> Driven:
        """Sends them all; each client sends the next one as soon as it has its answer."""
        waiting = iter(requests)
        driven = Driven(time.monotonic())
        await asyncio.gather(*(self._one(waiting, driven) for _ in range(self.many)))
        driven.seconds = time.monotonic() - driven.began
        return driven

    async def _one(self, waiting: Iterator[Request], driven: Driven) -> None:
        for request in waiting:
            began = time.monotonic()
            async with self.session.request(
                request.method, request.path, data=request.body or None, headers=request.headers
            ) as answer:
                body = await answer.read()
            driven.latencies_s.append(time.monotonic() - began)
            driven.statuses[answer.status] += 1
            driven.answers.append(body)

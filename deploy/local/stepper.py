"""Drives the stepped clock: tells every service the time, waits until nobody has work left, steps on.

Quiet means: nobody is busy, every outbox is empty, every listener has applied what was sent on its topics,
and nothing is due any more. The maximum of `sent` is kept here, so a restarted service hides nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import aiohttp

POLL_S = 0.007
POLL_SLOWEST_S = 0.05
SETTLE_TIMEOUT_S = 60.0


class NotQuiet(Exception):
    """Somebody still had work when the patience ended; the text names who and what."""


@dataclass(frozen=True)
class Listener:
    """One service: where its replicas answer, and the topics it listens to (full names, prefix included)."""

    name: str
    urls: Sequence[str]
    topics: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What one replica said at /quiet; `error` instead when it could not be asked."""

    url: str
    said: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


class Stepper:
    """The clock of one stack. `now` is business time; `client` carries the token that may tell the time."""

    def __init__(
        self,
        client: aiohttp.ClientSession,
        listeners: Sequence[Listener],
        *,
        now: datetime,
        grid: timedelta = timedelta(hours=1),
    ) -> None:
        self.now = now
        self._dues: dict[str, datetime | None] = {}
        self._client = client
        self._listeners = listeners
        self._grid = grid
        self._sent: dict[str, int] = {}

    async def tell(self, now: datetime) -> None:
        """Sets the time everywhere; then tells those again that have work, which lets their jobs run."""
        self.now = now
        urls = [url for listener in self._listeners for url in listener.urls]
        await asyncio.gather(*(self._tell(url) for url in urls))
        await asyncio.gather(*(self._tell(url) for url in urls if self._may_have_work(url)))

    async def settle(self, *, timeout_s: float = SETTLE_TIMEOUT_S) -> None:
        """Returns when everybody is quiet.

        Who still has work is asked alone until they have none; then everybody is asked once more. Raises
        NotQuiet after `timeout_s` of wall time.
        """
        deadline = time.monotonic() + timeout_s
        pause_s = POLL_S
        asked = self._listeners
        while True:
            answers = await self._ask(asked)
            reasons = self._reasons(answers)
            if not reasons and asked is self._listeners:
                return
            if time.monotonic() > deadline:
                why = "; ".join(reason for found in reasons.values() for reason in found)
                raise NotQuiet(f"not quiet after {timeout_s:g} s at {self.now.isoformat()}: {why}")
            asked = [listener for listener in asked if listener.name in reasons] or self._listeners
            if reasons:
                await self._tell_again(answers, patient=pause_s < POLL_SLOWEST_S)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 1.3, POLL_SLOWEST_S)

    def upcoming(self, others: Iterable[datetime | None], until: datetime) -> datetime:
        """The next time worth stepping to: the earliest due of services and `others`, up to the grid."""
        wanted = [due for due in (*self._dues.values(), *others) if due is not None]
        due = min(wanted, default=until)
        return min(max(self._up(due), self._up(self.now + timedelta(microseconds=1))), until)

    def _up(self, at: datetime) -> datetime:
        epoch = datetime.fromtimestamp(0, UTC)
        return epoch + -((epoch - at) // self._grid) * self._grid

    def _may_have_work(self, url: str) -> bool:
        due = self._dues.get(url, self.now)
        return due is not None and due <= self.now

    async def _tell(self, url: str) -> None:
        """A replica that is being started again is told when it answers: see `_tell_again`."""
        try:
            async with self._client.put(f"{url}/clock", json={"now": self.now.isoformat()}) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return
        if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NotQuiet(f"{url} does not take the time {self.now.isoformat()}: {text[:200]}")

    async def _tell_again(
        self, answers: Sequence[tuple[Listener, Sequence[Answer]]], *, patient: bool
    ) -> None:
        """Tells a replica that was started again; when patience ends, everybody who is not done."""
        for _, said in answers:
            for answer in said:
                late = answer.error is None and _instant(answer.said.get("now")) != self.now
                if late or not patient:
                    await self._tell(answer.url)

    async def _ask(self, asked: Sequence[Listener]) -> list[tuple[Listener, Sequence[Answer]]]:
        said = await asyncio.gather(
            *(asyncio.gather(*(self._ask_one(url) for url in one.urls)) for one in asked)
        )
        return list(zip(asked, said, strict=True))

    async def _ask_one(self, url: str) -> Answer:
        try:
            async with self._client.get(f"{url}/quiet") as answer:
                if answer.status != HTTPStatus.OK:
                    return Answer(url, error=f"status {answer.status}")
                return Answer(url, await answer.json())
        except (aiohttp.ClientError, TimeoutError) as error:
            return Answer(url, error=f"no answer ({type(error).__name__})")

    def _reasons(self, answers: Sequence[tuple[Listener, Sequence[Answer]]]) -> Mapping[str, Sequence[str]]:
        """Why it is not quiet, sentences by listener."""
        reasons: dict[str, list[str]] = {}
        for listener, said in answers:
            for answer in said:
                reasons.setdefault(listener.name, []).extend(self._busy(answer))
        for listener, said in answers:
            reasons[listener.name].extend(self._behind(listener, said))
        return {name: [f"{name} {why}" for why in found] for name, found in reasons.items() if found}

    def _busy(self, answer: Answer) -> Iterable[str]:
        """What one replica still has to do. What it sent and when it is due next is remembered."""
        self._dues.pop(answer.url, None)
        if answer.error is not None:
            yield answer.error
            return
        for place, offset in answer.said["sent"].items():
            self._sent[place] = max(offset, self._sent.get(place, 0))
        if _instant(answer.said["now"]) != self.now:
            yield f"is at {answer.said['now']}"
        if answer.said["busy"]:
            yield f"has {answer.said['busy']} things in hand"
        if answer.said["outbox"]:
            yield f"has {answer.said['outbox']} events in its outbox"
        due = self._dues[answer.url] = _instant(answer.said["next_due"])
        if due is not None and due <= self.now:
            yield f"has work due since {due.isoformat()}"

    def _behind(self, listener: Listener, answers: Sequence[Answer]) -> Iterable[str]:
        done: dict[str, int] = {}
        for answer in answers:
            for place, offset in answer.said.get("done", {}).items():
                done[place] = max(offset, done.get(place, 0))
        for place, sent in self._sent.items():
            if place.rpartition("/")[0] in listener.topics and done.get(place, 0) < sent:
                yield f"has applied {done.get(place, 0)} of {sent} at {place}"


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None

"""What the services have parked, asked of them over HTTP, and what an operator wants done about it.

Each service is asked through one of its processes that answers: all of them share its store. Nothing is read
from another's database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from services.analytics.console.plumbing import Process

STATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "open": ("Need a look", ("failed", "early", "unreadable", "dead")),
    "failed": ("Failed", ("failed",)),
    "early": ("Early", ("early",)),
    "unreadable": ("Unreadable", ("unreadable",)),
    "dead": ("Dead", ("dead",)),
    "behind": ("Waiting behind", ("behind",)),
    "dropped": ("Dropped", ("dropped",)),
}
"""What may be chosen to be listed: its words, and the states it stands for."""
FIRST = "open"
ROWS_MAX = 50
NAME_CHARS_MAX = 100
UNSERVED = frozenset({502, 503, 504})


class NoAnswer(Exception):
    """No process of the service answers."""

    def __init__(self, service: str) -> None:
        super().__init__(f"No process of {service} answers: try again when one is back.")


class Refusal(Exception):
    """The service says no, in words for the one who asked."""


@dataclass(frozen=True)
class Row:
    """A parked event in the list. `head` is the earlier one it waits for, `waiting` how many wait for it."""

    service: str
    id: int
    event_id: str | None
    topic: str
    key: str
    state: str
    meaning: str
    error: str
    attempts: int
    next_attempt_at: datetime | None
    parked_at: datetime
    head: int | None
    waiting: int
    closed_at: datetime | None
    closed_by: str | None
    closed_reason: str | None

    @property
    def may_retry(self) -> bool:
        return self.head is None and self.state not in ("dropped", "behind")

    @property
    def may_drop(self) -> bool:
        return self.state not in ("dropped", "behind")


@dataclass(frozen=True)
class Behind:
    id: int
    event_id: str | None
    state: str
    time: datetime


@dataclass(frozen=True)
class Event:
    """A parked event with its record and the first of those behind it."""

    row: Row
    partition: int
    offset: int
    record_time: datetime
    headers: tuple[tuple[str, str], ...]
    payload: str
    format: str
    is_cut: bool
    waiting: tuple[Behind, ...]


@dataclass(frozen=True)
class Listing:
    """What is shown of the parked events. `counts` are the open ones by service and state."""

    service: str
    state: str
    counts: Mapping[str, Mapping[str, int]]
    rows: tuple[Row, ...] = ()
    away: tuple[str, ...] = ()
    following: str | None = None
    is_cut: bool = False

    def many(self, state: str, service: str = "") -> int:
        """How many there are of what can be chosen, in one service or in all."""
        asked = [service] if service else [*self.counts]
        return sum(self.counts.get(one, {}).get(part, 0) for one in asked for part in STATES[state][1])


@dataclass(frozen=True)
class Operator:
    """Asks in the name of a visitor, who is named in the other service's log."""

    http: httpx.AsyncClient
    urls: Mapping[str, Sequence[str]]
    by: str

    async def ask(self, service: str, method: str, path: str, **options: Any) -> Any:
        """One process after the other until one answers. Raises NoAnswer or Refusal.

        A wish keeps its key on the way to the next process, so that it has one effect.
        """
        headers = {"On-Behalf-Of": quote(self.by, safe=" @._-")[:NAME_CHARS_MAX]}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        for url in self.urls.get(service, ()):
            try:
                answer = await self.http.request(
                    method, f"{url.rstrip('/')}{path}", headers=headers, **options
                )
                said = answer.json()
            except (httpx.HTTPError, ValueError):
                continue
            if answer.is_success:
                return said
            if answer.status_code not in UNSERVED:
                raise Refusal(_sentence(said, answer.status_code))
        raise NoAnswer(service)

    async def listing(self, processes: Sequence[Process], *, service: str, state: str, after: str) -> Listing:
        """The chosen part of what is parked; services that do not answer are named, the others are shown."""
        chosen = state if state in STATES else FIRST
        only = service if service in self.urls else ""
        counts = {one.service: one.parked for one in processes if one.answers}
        away = tuple(one for one in self.urls if one not in counts and only in ("", one))
        shown = Listing(only, chosen, counts, away=away)
        asked = [
            one for one in counts if only in ("", one) and (chosen == "dropped" or shown.many(chosen, one))
        ]
        query = {
            "state": STATES[chosen][1],
            "limit": ROWS_MAX,
            **({"after": after} if only and after else {}),
        }
        found = await asyncio.gather(*(self._page(one, query) for one in asked))
        pages = {one: page for one, page in zip(asked, found, strict=True) if page is not None}
        more = [page["next"] for page in pages.values() if page["next"]]
        return Listing(
            service=only,
            state=chosen,
            counts=counts,
            rows=tuple(row(one, item) for one, page in pages.items() for item in page["items"]),
            away=(*away, *(one for one in asked if one not in pages)),
            following=more[0] if only and more else None,
            is_cut=bool(more),
        )

    async def _page(self, service: str, query: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            page: dict[str, Any] = await self.ask(service, "GET", "/v1/parked", params=query)
            return page
        except (NoAnswer, Refusal):
            return None

    async def event(self, service: str, number: int) -> Event:
        said = await self.ask(service, "GET", f"/v1/parked/{number}")
        return event(service, said)


def _sentence(said: Any, status: int) -> str:
    detail = said.get("detail") if isinstance(said, dict) else None
    text = str(detail or f"it answers {status}")
    return text[:1].upper() + text[1:].rstrip(".") + "."


def row(service: str, said: Mapping[str, Any]) -> Row:
    """One item of the answer of /v1/parked."""
    return Row(
        service=service,
        id=int(said["id"]),
        event_id=said["event_id"],
        topic=said["topic"],
        key=said["key"],
        state=said["state"],
        meaning=said["meaning"],
        error=said["error"],
        attempts=int(said["attempts"]),
        next_attempt_at=_moment(said["next_attempt_at"]),
        parked_at=datetime.fromisoformat(said["parked_at"]),
        head=said["head"],
        waiting=int(said["waiting_total"]),
        closed_at=_moment(said["closed_at"]),
        closed_by=said["closed_by"],
        closed_reason=said["closed_reason"],
    )


def event(service: str, said: Mapping[str, Any]) -> Event:
    """The answer of /v1/parked/{id}."""
    return Event(
        row=row(service, said),
        partition=int(said["partition"]),
        offset=int(said["offset"]),
        record_time=datetime.fromisoformat(said["record_time"]),
        headers=tuple((name, value) for name, value in said["headers"]),
        payload=said["payload"]["text"],
        format=said["payload"]["format"],
        is_cut=bool(said["payload"]["is_cut"]),
        waiting=tuple(
            Behind(int(one["id"]), one["event_id"], one["state"], datetime.fromisoformat(one["time"]))
            for one in said["waiting"]
        ),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

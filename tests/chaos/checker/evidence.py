"""What is to be judged, as plain values: what stores said, heard and parked, and what lies in topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

Place: TypeAlias = tuple[str, int, int]
Stores: TypeAlias = Mapping[str, asyncpg.Connection]

CARDS = frozenset({"person-changed", "programme-changed"})
OF_MATCHES = frozenset({"match-made", "match-ended"})
FROM_SCHEDULING = frozenset(
    {"agreement-confirmed", "session-scheduled", "session-moved", "session-cancelled", "session-missed",
     "session-completed"}
)  # fmt: skip
ABSENCES = frozenset({"participant-paused", "participant-resumed", "participant-left"})
PROPOSALS = frozenset({"participant-invited", "match-proposed", "match-declined"})
AFTERWARDS = frozenset({"match-continued", "match-flagged"})
HEARD: Mapping[str, frozenset[str]] = {
    "matching": frozenset({"feedback-submitted", "person-forgotten"}),
    "scheduling": CARDS | OF_MATCHES | ABSENCES | {"participant-joined", "person-erased"},
    "notifications": CARDS | OF_MATCHES | FROM_SCHEDULING | ABSENCES | PROPOSALS | AFTERWARDS
    | {"agreement-changed", "person-erased"},
    "analytics": CARDS | OF_MATCHES | FROM_SCHEDULING | ABSENCES | PROPOSALS | AFTERWARDS
    | {"participant-joined", "matching-run-finished", "feedback-submitted", "message-sent", "message-failed",
       "person-erased", "person-forgotten"},
}  # fmt: skip
"""Which topics each service listens to."""

SAID = "SELECT event_id, topic, key, sequence, at, cause, committed_at FROM witness_said"
SAID_ROWS = "SELECT count(*) FROM witness_said"
HEARD_ROWS = "SELECT place, event_id, topic, key, sequence, at FROM witness_heard ORDER BY place, sequence"
INBOX = "SELECT event_id FROM inbox"
PARKED = "SELECT id, event_id, topic, partition, record_offset, key, state FROM parked ORDER BY id"
OUTBOX = "SELECT count(*) FROM outbox"


class Said(NamedTuple):
    event_id: UUID
    topic: str
    key: str
    sequence: int
    at: datetime
    cause: UUID | None
    committed_at: datetime


class Heard(NamedTuple):
    """Rows of one statement have one place."""

    place: int
    event_id: UUID
    topic: str
    key: str
    sequence: int
    at: datetime


class Parked(NamedTuple):
    id: int
    event_id: UUID | None
    topic: str
    partition: int
    offset: int
    key: str
    state: str

    @property
    def place(self) -> Place:
        return self.topic, self.partition, self.offset


class Record(NamedTuple):
    """A record of a topic; `event_id` is empty where it is none of ours. `fact` is by what it is known."""

    offset: int
    event_id: UUID | None
    key: str
    sequence: int
    fact: tuple[str, ...]


@dataclass(frozen=True)
class Listener:
    """What one service heard of the topics it listens to, and what it put aside."""

    heard: Sequence[Heard]
    inbox: frozenset[UUID]
    parked: Sequence[Parked]


@dataclass(frozen=True)
class Evidence:
    """`records` are those of each (topic, partition), in order; `strange` and `strangers` are the places and
    the ids of what the harness itself has put into the topics."""

    said: Mapping[str, Sequence[Said]]
    listeners: Mapping[str, Listener]
    records: Mapping[tuple[str, int], Sequence[Record]]
    acknowledged: Sequence[tuple[str, ...]] = ()
    strange: frozenset[Place] = frozenset()
    strangers: frozenset[UUID] = frozenset()
    hears: Mapping[str, frozenset[str]] = field(default_factory=lambda: HEARD)

    def all_said(self) -> Iterable[Said]:
        return (one for some in self.said.values() for one in some)


async def opened(ends: AsyncExitStack, owner_dsns: Mapping[str, str]) -> Stores:
    """A connection to each store, on clocks of UTC, closed at the end."""
    stores: dict[str, asyncpg.Connection] = {}
    for service, dsn in owner_dsns.items():
        stores[service] = await asyncpg.connect(dsn, timeout=10, server_settings={"timezone": "UTC"})
        ends.push_async_callback(stores[service].close)
    return stores


async def said_in(stores: Stores) -> dict[str, list[Said]]:
    return {name: [Said(*row) for row in await conn.fetch(SAID)] for name, conn in stores.items()}


async def said_rows(stores: Stores) -> int:
    return sum([await conn.fetchval(SAID_ROWS) for conn in stores.values()])


async def listeners_in(stores: Stores) -> dict[str, Listener]:
    found = {}
    for service, conn in stores.items():
        heard = [Heard(*row) for row in await conn.fetch(HEARD_ROWS)]
        inbox = frozenset(row["event_id"] for row in await conn.fetch(INBOX))
        found[service] = Listener(heard, inbox, [Parked(*row) for row in await conn.fetch(PARKED)])
    return found


async def of_stores(stores: Stores) -> Evidence:
    """What the stores alone tell."""
    return Evidence(await said_in(stores), await listeners_in(stores), {})


async def outbox_rows(stores: Stores) -> int:
    return sum([await conn.fetchval(OUTBOX) for conn in stores.values()])

"""The measured job: its event, its SQL, and what a worker notes while it does it.

The peers run this file in an environment of their own, so it needs little: pydantic and the phrasebook.
"""

from __future__ import annotations

import gc
import json
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pydantic import AwareDatetime

from shared.events import Event, MatchId, PersonId, ProgrammeId, SessionId

BATCH = 500
PAYLOAD_BYTES = 650
PAIRS = 2_000
PROGRAMMES = 20
DAYS = 7


class SessionMeasured(Event):
    """A session that took place, of 650 bytes as JSON."""

    key_field = "match_id"

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    topics: str = ""


class PairCounted(Event):
    """What the one-event handler says."""

    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    sessions: int


def pair(number: int) -> MatchId:
    return MatchId(uuid.UUID(_id(7, number % PAIRS)))


def event(number: int) -> SessionMeasured:
    """The n-th event: always the same."""
    return SessionMeasured.model_validate_json(payload(number))


def payload(number: int) -> bytes:
    """The n-th event as JSON, as pydantic writes it; made without pydantic, because a million are needed."""
    day = f"2026-03-{2 + number % DAYS:02d}"
    text = (
        f'{{"at":"2026-03-02T09:00:00Z","session_id":"{_id(9, number)}",'
        f'"match_id":"{_id(7, number % PAIRS)}",'
        f'"programme_id":"{_id(3, number % PROGRAMMES)}","mentee_id":"{_id(1, number % PAIRS)}",'
        f'"mentor_id":"{_id(2, number % PAIRS)}","ordinal":{1 + number // PAIRS},'
        f'"starts_at":"{day}T09:00:00Z","ends_at":"{day}T10:00:00Z","topics":"'
    )
    return f'{text}{"x" * (PAYLOAD_BYTES - len(text) - 2)}"}}'.encode()


def _id(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-7000-8000-{number:012x}"


# -- the SQL that everybody runs ----------------------------------------------------------------------

ADMIT = """
INSERT INTO inbox (event_id, topic, key, sequence, record_time)
SELECT event_id, topic, key, sequence, record_time
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
     AS n (event_id, topic, key, sequence, record_time)
ON CONFLICT DO NOTHING RETURNING event_id
"""
ADD_UP = """
INSERT INTO measured_day AS d (programme_id, day, sessions, minutes)
SELECT programme_id, day, count(*), sum(minutes)
FROM unnest($1::uuid[], $2::date[], $3::int[]) AS n (programme_id, day, minutes)
GROUP BY programme_id, day ORDER BY programme_id, day
ON CONFLICT (programme_id, day) DO UPDATE
SET sessions = d.sessions + excluded.sessions, minutes = d.minutes + excluded.minutes
"""
LOCK_PAIR = "SELECT sessions FROM measured_pair WHERE match_id = $1 FOR UPDATE"
COUNT_PAIR = "UPDATE measured_pair SET sessions = $2, met_at = $3 WHERE match_id = $1"


@dataclass(frozen=True)
class Place:
    """What the inbox keeps of a record besides the event."""

    id: uuid.UUID
    sequence: int
    topic: str
    key: str
    time: datetime


def place(raw: Any) -> Place:
    """From a Kafka record; no more of its headers is read than the inbox needs."""
    headers = dict(raw.headers)
    return Place(
        uuid.UUID(headers["ce_id"].decode()),
        int(headers["ce_sequence"]),
        raw.topic,
        raw.key.decode(),
        datetime.fromtimestamp(raw.timestamp / 1000, UTC),
    )


async def admit(conn: Any, places: Sequence[Place]) -> set[uuid.UUID]:
    ordered = sorted({one.id: one for one in places}.values(), key=lambda one: one.id)
    rows = await conn.fetch(
        ADMIT,
        [one.id for one in ordered],
        [one.topic for one in ordered],
        [one.key for one in ordered],
        [one.sequence for one in ordered],
        [one.time for one in ordered],
    )
    return {row["event_id"] for row in rows}


async def add_up(conn: Any, events: Sequence[SessionMeasured]) -> None:
    await conn.execute(
        ADD_UP,
        [one.programme_id for one in events],
        [day(one) for one in events],
        [minutes(one) for one in events],
    )


def day(one: SessionMeasured) -> date:
    return one.starts_at.date()


def minutes(one: SessionMeasured) -> int:
    return int((one.ends_at - one.starts_at).total_seconds()) // 60


async def apply(pool: Any, places: Sequence[Place], events: Sequence[SessionMeasured]) -> None:
    """The whole job of one batch in one transaction: what a peer does with what its framework hands it."""
    async with pool.acquire() as conn, conn.transaction():
        fresh = await admit(conn, places)
        todo = [one for where, one in zip(places, events, strict=True) if where.id in fresh]
        await add_up(conn, todo)


# -- what a worker notes ------------------------------------------------------------------------------


def settle() -> None:
    """The collector as the product's processes have it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@dataclass
class Stamps:
    """Wall and CPU time at each batch. From the first to the last the same work was done for all but the
    last batch: neither the start of a client nor its end is counted."""

    wanted: int
    events: int = 0
    _first: tuple[float, float] | None = None
    _last: tuple[float, float] = (0.0, 0.0)
    _before: int = 0
    batches: int = field(default=0)

    def stamp(self, events: int) -> bool:
        """Called when a batch of so many events begins; tells whether that was enough."""
        now = (time.perf_counter(), time.process_time())
        self._first = self._first or now
        self._last, self._before = now, self.events
        self.events += events
        self.batches += 1
        return self.events >= self.wanted

    def result(self, **more: Any) -> dict[str, Any]:
        assert self._first is not None
        assert self._before > 0, f"all {self.events} events came in one batch: measure more"
        wall, cpu = (
            (last - first) / self._before * 1e6 for last, first in zip(self._last, self._first, strict=True)
        )
        return {"us": wall, "cpu_us": cpu, "events": self.events, "batches": self.batches, **more}


def report(path: str, result: dict[str, Any]) -> None:
    """Hands a worker's result over, all or nothing."""
    with open(f"{path}.half", "w") as file:
        json.dump(result, file)
    os.replace(f"{path}.half", path)

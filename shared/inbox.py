"""What was heard: the rows that make an event count once, and the rows of events that have to wait.

An event is in the inbox (applied) or in `parked` (failed, unreadable, early, behind one of those, dead or
dropped), never in both and never in neither. The oldest open parked row of a (topic, key) is its head; the
key halts until the head is applied or dropped, other keys go on.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from shared.envelope import Envelope
from shared.events import Event
from shared.tx import Connection, Pool

State = Literal["failed", "early", "behind", "unreadable", "dead", "dropped"]

RETRY_AFTER_S = (1, 10, 60, 600, 3600)
FROZEN_S = 20
"""A transaction of a batch that asks nothing of the store for so long belongs to a process that is frozen."""


class Record(NamedTuple):
    """A Kafka record as it came. `topic` is without the stack's prefix; `key` is never empty."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    time: datetime


class Heard(NamedTuple):
    """A record that is an event of ours."""

    record: Record
    envelope: Envelope
    event: Event


ADMIT = """
WITH heard AS (
    SELECT event_id, topic, key, sequence, record_time
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
         AS n (event_id, topic, key, sequence, record_time)
), way AS (
    SELECT $6 AND (EXISTS (SELECT FROM parked JOIN heard USING (topic, key) WHERE state <> 'dropped')
                   OR EXISTS (SELECT FROM parked JOIN heard USING (event_id))) AS barred
), fresh AS (
    INSERT INTO inbox (event_id, topic, key, sequence, record_time)
    SELECT event_id, topic, key, sequence, record_time
    FROM heard JOIN way ON NOT barred
    ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING event_id
)
SELECT event_id FROM fresh UNION ALL SELECT NULL FROM way WHERE barred
"""
"""In the order of their ids, so that two workers with the same events cannot deadlock."""


async def admit(conn: Connection, rows: Sequence[tuple[UUID, int, Record]]) -> set[UUID]:
    """Marks events (id, sequence, record) as applied; returns the ids that had not been."""
    fresh = await conn.fetch(ADMIT, *_columns(rows), False)
    return {row["event_id"] for row in fresh}


async def admit_unparked(conn: Connection, rows: Sequence[tuple[UUID, int, Record]]) -> set[UUID] | None:
    """The same; but None, and nothing is marked, where one is parked or has to wait behind a parked one.

    One statement, because nearly always nothing is.
    """
    fresh = {row["event_id"] for row in await conn.fetch(ADMIT, *_columns(rows), True)}
    return None if None in fresh else fresh


def _columns(rows: Sequence[tuple[UUID, int, Record]]) -> tuple[list[Any], ...]:
    return (
        [event_id for event_id, _, _ in rows],
        [record.topic for _, _, record in rows],
        [record.key for _, _, record in rows],
        [sequence for _, sequence, _ in rows],
        [record.time for _, _, record in rows],
    )


async def is_known(conn: Connection, event_id: UUID) -> bool:
    """Whether an event is applied or parked already, perhaps from another offset."""
    known: bool = await conn.fetchval(
        """
        SELECT EXISTS (SELECT FROM inbox WHERE event_id = $1)
            OR EXISTS (SELECT FROM parked WHERE event_id = $1)
        """,
        event_id,
    )
    return known


async def lock_partitions(conn: Connection, records: Sequence[Record]) -> None:
    """Until the commit no other transaction applies records of the same partitions.

    A process that was frozen in its transaction does not keep them for ever: the server ends its session.
    """
    places = {(record.topic, record.partition) for record in records}
    await conn.execute(
        """
        SELECT set_config('idle_in_transaction_session_timeout', $3, true),
               pg_advisory_xact_lock(hashtext(topic), partition)
        FROM (SELECT topic, partition FROM unnest($1::text[], $2::int[]) AS n (topic, partition)
              ORDER BY hashtext(topic), partition) AS places
        """,
        [topic for topic, _ in places],
        [partition for _, partition in places],
        f"{FROZEN_S}s",
    )


async def halted(conn: Connection, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (topic, key) wait behind a parked event."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT p.topic, p.key FROM parked p
        JOIN unnest($1::text[], $2::text[]) AS k (topic, key) USING (topic, key)
        WHERE p.state <> 'dropped'
        """,
        [topic for topic, _ in keys],
        [key for _, key in keys],
    )
    return {(row["topic"], row["key"]) for row in rows}


async def known_parked(conn: Connection, records: Sequence[Record]) -> set[tuple[str, int, int]]:
    """Which of these records are parked already, by (topic, partition, offset)."""
    rows = await conn.fetch(
        """
        SELECT p.topic, p.partition, p.record_offset FROM parked p
        JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS r (topic, partition, record_offset)
             USING (topic, partition, record_offset)
        """,
        [r.topic for r in records],
        [r.partition for r in records],
        [r.offset for r in records],
    )
    return {(row["topic"], row["partition"], row["record_offset"]) for row in rows}


async def park(conn: Connection, record: Record, *, event_id: UUID | None, state: State, error: str) -> None:
    """Puts a record aside. The first retry is due after the first delay; who waits behind has none."""
    delay = None if state == "behind" else RETRY_AFTER_S[0]
    await conn.execute(
        """
        INSERT INTO parked (event_id, topic, partition, record_offset, key, headers, payload, record_time,
                            state, error, attempts, next_attempt_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp() + make_interval(secs => $12))
        ON CONFLICT DO NOTHING
        """,
        event_id,
        record.topic,
        record.partition,
        record.offset,
        record.key,
        _headers_json(record.headers),
        record.value,
        record.time,
        state,
        error[:2000],
        0 if state == "behind" else 1,
        delay,
    )


def _headers_json(headers: Sequence[tuple[str, bytes]]) -> str:
    """Pairs of name and value, byte by byte; a value with a zero byte, which jsonb cannot hold, as base64."""
    kept = [
        [name.replace("\0", "\ufffd"), b64encode(value).decode(), "base64"]
        if b"\0" in value
        else [name.replace("\0", "\ufffd"), value.decode("latin-1")]
        for name, value in headers
    ]
    return json.dumps(kept)


def headers_of(kept: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that a parked row keeps, as they came."""
    return tuple(
        (name, b64decode(value) if coded else value.encode("latin-1"))
        for name, value, *coded in json.loads(kept)
    )


def record_of(row: Mapping[str, Any]) -> Record:
    """The record that a parked row keeps."""
    return Record(
        row["topic"],
        row["partition"],
        row["record_offset"],
        row["key"],
        headers_of(row["headers"]),
        row["payload"],
        row["record_time"],
    )


HEADS = """
SELECT id, event_id, topic, partition, record_offset, key, headers, payload, record_time, state, attempts,
       coalesce(next_attempt_at <= clock_timestamp(), true) AS due
FROM parked p CROSS JOIN set_config('idle_in_transaction_session_timeout', $3, true)
WHERE state IN ('failed', 'early', 'unreadable', 'behind')
  AND (next_attempt_at <= clock_timestamp() OR state = 'behind' OR (state = 'early' AND $2))
  AND NOT EXISTS (SELECT FROM parked earlier WHERE earlier.topic = p.topic AND earlier.key = p.key
                  AND earlier.id < p.id AND earlier.state <> 'dropped')
ORDER BY id LIMIT $1
FOR UPDATE OF p SKIP LOCKED
"""


async def due_heads(conn: Connection, rows_max: int, *, early_too: bool) -> list[Any]:
    """Locks heads whose retry is due, and rows whose head is gone; with `early_too` every early head.

    `due` tells whether it is a row's own turn.
    """
    rows: list[Any] = await conn.fetch(HEADS, rows_max, early_too, f"{FROZEN_S}s")
    return rows


async def unpark(conn: Connection, parked_id: int) -> None:
    await conn.execute("DELETE FROM parked WHERE id = $1", parked_id)


async def postpone(conn: Connection, parked_id: int, *, state: State, error: str, attempts: int) -> None:
    """Notes a failed attempt; the next one is due after the schedule's delay, a dead row has none."""
    delay = None if state == "dead" else RETRY_AFTER_S[min(attempts, len(RETRY_AFTER_S)) - 1]
    await conn.execute(
        """
        UPDATE parked SET state = $2, error = $3, attempts = $4,
               next_attempt_at = clock_timestamp() + make_interval(secs => $5)
        WHERE id = $1
        """,
        parked_id,
        state,
        error[:2000],
        attempts,
        delay,
    )


# -- what stands still, and for whom: see parked.py for what operators do -------------------------------


async def stop(conn: Connection, reason: str) -> None:
    """The breaker's stop, for all processes of the service."""
    await conn.execute(
        "UPDATE consumer_state SET stopped_at = clock_timestamp(), stopped_reason = $1 "
        "WHERE stopped_at IS NULL",
        reason,
    )


@dataclass(frozen=True)
class ConsumerState:
    """What a consumer has to look at from time to time."""

    stopped_reason: str | None
    resumed_by: str | None
    replay_requested_at: datetime | None
    parked: bool


async def consumer_state(conn: Connection | Pool) -> ConsumerState:
    row = await conn.fetchrow(
        """
        SELECT CASE WHEN stopped_at IS NOT NULL THEN stopped_reason END AS stopped_reason,
               resumed_by, replay_requested_at,
               EXISTS (SELECT FROM parked WHERE state NOT IN ('dead', 'dropped')) AS parked
        FROM consumer_state
        """
    )
    assert row is not None
    return ConsumerState(row["stopped_reason"], row["resumed_by"], row["replay_requested_at"], row["parked"])


async def request_reread(conn: Connection) -> None:
    """Asks the consumers to read their topics from the beginning; what was applied is not applied twice."""
    await conn.execute("UPDATE consumer_state SET replay_requested_at = clock_timestamp()")


async def parked_counts(conn: Connection) -> dict[str, int]:
    """Open parked events by state."""
    rows = await conn.fetch(
        "SELECT state, count(*) AS many FROM parked WHERE state <> 'dropped' GROUP BY state"
    )
    return {row["state"]: row["many"] for row in rows}

"""Said events waiting for the relay: rows of the business transaction.

`outbox_sequence` counts the events of each (topic, key). Its row lock is taken before the outbox row gets its
id, so per key the ids, the sequence numbers and the commits have the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared import envelope
from shared.events import Event

WRITE = """
WITH new AS (
    SELECT event_id, topic, key, type, source, time, traceparent, correlation_id, causation_id, payload, place
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
                $8::uuid[], $9::uuid[], $10::bytea[])
         WITH ORDINALITY AS n (event_id, topic, key, type, source, time, traceparent, correlation_id,
                               causation_id, payload, place)
), counted AS (
    SELECT topic, key, count(*) AS many FROM new GROUP BY topic, key ORDER BY topic, key
), locked AS (
    INSERT INTO outbox_sequence AS s (topic, key, last) SELECT topic, key, many FROM counted
    ON CONFLICT (topic, key) DO UPDATE SET last = s.last + excluded.last
    RETURNING topic, key, last
)
INSERT INTO outbox (event_id, topic, key, sequence, type, source, time, traceparent, correlation_id,
                    causation_id, payload)
SELECT new.event_id, new.topic, new.key,
       locked.last - counted.many + row_number() OVER (PARTITION BY new.topic, new.key ORDER BY new.place),
       new.type, new.source, new.time, new.traceparent, new.correlation_id, new.causation_id, new.payload
FROM new JOIN locked USING (topic, key) JOIN counted USING (topic, key)
ORDER BY new.place
"""


WRITE_ONE = """
WITH counted AS (
    INSERT INTO outbox_sequence AS s (topic, key, last) VALUES ($2, $3, 1)
    ON CONFLICT (topic, key) DO UPDATE SET last = s.last + 1
    RETURNING last
)
INSERT INTO outbox (event_id, topic, key, sequence, type, source, time, traceparent, correlation_id,
                    causation_id, payload)
SELECT $1, $2, $3, counted.last, $4, $5, $6, $7, $8, $9, $10 FROM counted
"""
"""What most transactions say: one event, planned and run in a fraction of the time."""


PAYLOAD_BYTES_MAX = 512 << 10
"""Half of what a broker takes in one record as it comes: a larger one would never leave the outbox."""


class EventTooLarge(ValueError):
    """Raised where it is said, so that the work that would say it fails and no other."""


@dataclass(frozen=True)
class Said:
    """An event on its way to the outbox."""

    id: UUID
    topic: str
    key: str
    type: str
    source: str
    time: datetime
    trace: envelope.Trace
    payload: bytes | None


def said(event: Event, service: str, trace: envelope.Trace) -> Said:
    topic, payload = event.topic(), event.model_dump_json().encode()
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise EventTooLarge(
            f"{topic} {event.key} has {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX} can be said: "
            "say ids and codes, or several events"
        )
    return Said(
        id=envelope.new_id(),
        topic=topic,
        key=event.key,
        type=envelope.type_of(topic, event.version_of_schema),
        source=f"/mentoring/{service}",
        time=event.at,
        trace=trace,
        payload=payload,
    )


def forgotten(kind: type[Event], key: str, service: str, trace: envelope.Trace, *, at: datetime) -> Said:
    """A record without a value: what a compacted topic has of the key is to go."""
    topic = kind.topic()
    assert kind.tombstone is not None, f"nobody hears that {topic} forgets"
    about = envelope.type_of(topic, kind.version_of_schema)
    return Said(envelope.new_id(), topic, key, about, f"/mentoring/{service}", at, trace, None)


async def write(conn: Any, events: Sequence[Said]) -> None:
    """One statement for any number of events of one transaction."""
    rows = [_columns(one) for one in events]
    if len(rows) == 1:
        await conn.execute(WRITE_ONE, *rows[0])
    elif rows:
        await conn.execute(WRITE, *(list(column) for column in zip(*rows, strict=True)))


def _columns(one: Said) -> tuple[Any, ...]:
    """In the order of the statements' parameters."""
    return (one.id, one.topic, one.key, one.type, one.source, one.time, *one.trace, one.payload)


OLDEST = """
SELECT id, event_id, topic, key, sequence, type, source, time, traceparent, correlation_id, causation_id,
       payload
FROM (SELECT id, event_id, topic, key, sequence, type, source, time, traceparent, correlation_id,
             causation_id, payload,
             sum(octet_length(payload)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS bytes
      FROM outbox WHERE id > $3 ORDER BY id LIMIT $1) AS first
WHERE coalesce(bytes, 0) <= $2 ORDER BY id
"""
ROUND_BYTES_MAX = 16 << 20


async def oldest(conn: Any, rows_max: int, *, after: int = 0) -> list[Any]:
    """The oldest rows, in order: so many, and no more of them than a round may hold in memory.

    `after` leaves out the rows that are on their way. A row with a lower id that is committed only later is
    of another key, because the ids of a key are in the order of its commits.
    """
    rows: list[Any] = await conn.fetch(OLDEST, rows_max, ROUND_BYTES_MAX, after)
    return rows


async def delete(conn: Any, ids: Sequence[int]) -> None:
    await conn.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", ids)


def envelope_of(row: Any) -> envelope.Envelope:
    """The envelope of an outbox row."""
    return envelope.Envelope(
        id=row["event_id"],
        type=row["type"],
        source=row["source"],
        subject=row["key"],
        time=row["time"],
        sequence=row["sequence"],
        trace=envelope.Trace(row["traceparent"], row["correlation_id"], row["causation_id"]),
    )

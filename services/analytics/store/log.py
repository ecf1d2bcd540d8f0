"""The event log: every applied event, reduced to ids and codes. Rows are added and never changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from uuid import UUID

from services.analytics.core.log import Logged
from services.analytics.store.rows import columns
from shared.tx import Connection


async def append(conn: Connection, rows: Sequence[Logged]) -> None:
    """Adds what is not there yet: a compacted topic may bring an event again that the inbox has forgotten."""
    await conn.execute(
        """
        INSERT INTO event_log (event_id, topic, key, sequence, type, time, record_time, payload)
        SELECT event_id, topic, key, sequence, type, time, record_time, payload::jsonb
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[],
                    $7::timestamptz[], $8::text[])
             AS n (event_id, topic, key, sequence, type, time, record_time, payload)
        ORDER BY event_id
        ON CONFLICT DO NOTHING
        """,
        *columns(
            (
                *(one.event_id, one.topic, one.key, one.sequence, one.type, one.time, one.record_time),
                json.dumps(one.payload),
            )
            for one in rows
        ),
    )


async def read(conn: Connection, until: datetime | None, *, rows: int) -> AsyncIterator[Sequence[Logged]]:
    """The log in the order in which its events were said, so many at a time; those up to a business time.

    Needs a transaction: it goes through a cursor.
    """
    cursor = await conn.cursor(
        """
        SELECT event_id, topic, key, sequence, type, time, record_time, payload FROM event_log
        WHERE $1::timestamptz IS NULL OR time <= $1 ORDER BY event_id
        """,
        until,
    )
    while found := await cursor.fetch(rows):
        yield [Logged(**{**dict(row), "payload": json.loads(row["payload"])}) for row in found]


async def count(conn: Connection, until: datetime | None) -> tuple[int, datetime | None]:
    """How many events the log has up to a business time, and the newest time among them."""
    row = await conn.fetchrow(
        "SELECT count(*), max(time) FROM event_log WHERE $1::timestamptz IS NULL OR time <= $1", until
    )
    assert row is not None
    return row[0], row[1]


async def unlogged(conn: Connection, limit: int) -> Sequence[UUID]:
    """Events that were applied and are not in the log: there should be none."""
    rows = await conn.fetch(
        """
        SELECT i.event_id FROM inbox i
        WHERE NOT EXISTS (SELECT FROM event_log l WHERE l.event_id = i.event_id)
        ORDER BY i.event_id LIMIT $1
        """,
        limit,
    )
    return [row["event_id"] for row in rows]


async def begins(conn: Connection) -> date | None:
    """The first day whose events the log still has; None where it has all."""
    found: date | None = await conn.fetchval("SELECT log_begins FROM bookkeeping")
    return found


async def make_months(conn: Connection, ahead: int) -> None:
    await conn.execute("SELECT make_event_log_partitions($1)", ahead)


async def drop_months(conn: Connection, kept: int) -> None:
    await conn.execute("SELECT drop_event_log_partitions($1)", kept)

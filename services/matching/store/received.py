"""Facts that were stored and are not taken over yet, and the deliveries in which they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.tx import Connection

DELIVERIES_KEPT = timedelta(days=7)
FORGOTTEN_AT_ONCE = 5


class Received(NamedTuple):
    """A fact as JSON, as it waits."""

    id: int
    source: str
    fact: str


class Delivery(NamedTuple):
    """`sha256` is of the body as it came; `at` is wall time."""

    source: str
    id: str
    sha256: str
    at: datetime


async def keep(conn: Connection, delivery: Delivery, event_ids: Sequence[str], facts: Sequence[str]) -> bool:
    """Stores the facts of a delivery, all or, where it came before, none; tells whether it was new.

    Some old deliveries are forgotten with it: as many leave as could have come.
    """
    new = await conn.fetchval(
        """
        WITH gone AS (
            DELETE FROM hris_delivery WHERE (source, delivery_id) IN
                (SELECT source, delivery_id FROM hris_delivery
                 WHERE received_at < $4::timestamptz - $7::interval ORDER BY received_at
                 LIMIT $8 FOR UPDATE SKIP LOCKED)
        ), new AS (
            INSERT INTO hris_delivery (source, delivery_id, sha256, facts, received_at)
            VALUES ($1, $2, $3, cardinality($5::text[]), $4) ON CONFLICT DO NOTHING RETURNING source
        ), kept AS (
            INSERT INTO hris_received (source, event_id, fact, received_at)
            SELECT new.source, event_id, fact, $4
            FROM new CROSS JOIN unnest($5::text[], $6::jsonb[]) WITH ORDINALITY AS n (event_id, fact, place)
            ORDER BY place
        )
        SELECT EXISTS (SELECT FROM new)
        """,
        delivery.source,
        delivery.id,
        delivery.sha256,
        delivery.at,
        event_ids,
        facts,
        DELIVERIES_KEPT,
        FORGOTTEN_AT_ONCE,
    )
    return bool(new)


async def hash_of_delivery(conn: Connection, source: str, delivery_id: str) -> str | None:
    found: str | None = await conn.fetchval(
        "SELECT sha256 FROM hris_delivery WHERE source = $1 AND delivery_id = $2", source, delivery_id
    )
    return found


async def lock(conn: Connection) -> bool:
    """Whether this transaction is the one that takes facts over; until it ends no other is."""
    ours: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('matching received facts'))")
    return ours


async def take(conn: Connection, rows_max: int) -> list[Received]:
    """Removes the oldest that wait, in the order in which they came."""
    rows = await conn.fetch(
        """
        WITH oldest AS (
            SELECT id FROM hris_received WHERE error IS NULL ORDER BY id LIMIT $1
        ), taken AS (
            DELETE FROM hris_received WHERE id IN (SELECT id FROM oldest) RETURNING id, source, fact
        )
        SELECT id, source, fact FROM taken ORDER BY id
        """,
        rows_max,
    )
    return [Received(row["id"], row["source"], row["fact"]) for row in rows]


async def set_aside(conn: Connection, row_id: int, error: str) -> None:
    """It waits for somebody who mends the cause."""
    await conn.execute("UPDATE hris_received SET error = $2 WHERE id = $1", row_id, error)


async def retry(conn: Connection, source: str) -> int:
    """Those of a source that failed wait again; returns how many."""
    said = await conn.execute(
        "UPDATE hris_received SET error = NULL WHERE source = $1 AND error IS NOT NULL", source
    )
    return int(said.rpartition(" ")[2])


async def is_waiting(conn: Connection) -> bool:
    found: bool = await conn.fetchval("SELECT EXISTS (SELECT FROM hris_received WHERE error IS NULL)")
    return found


async def waiting(conn: Connection) -> int:
    """How many will be taken over without anybody's doing."""
    count: int = await conn.fetchval("SELECT count(*) FROM hris_received WHERE error IS NULL")
    return count


async def oldest_age_s(conn: Connection, now: datetime) -> float:
    """How long the fact waits that came first of those that wait, in seconds of wall time."""
    age: float | None = await conn.fetchval(
        """
        SELECT extract(epoch FROM $1 - received_at)::float8
        FROM hris_received WHERE error IS NULL ORDER BY id LIMIT 1
        """,
        now,
    )
    return max(0.0, age or 0.0)


async def refused(conn: Connection, source: str) -> dict[str, int]:
    """How many facts of a source are held for somebody to decide, or rejected."""
    rows = await conn.fetch(
        """
        SELECT state, count(*) AS many FROM hris_fact
        WHERE source = $1 AND state IN ('held', 'rejected') GROUP BY state ORDER BY state
        """,
        source,
    )
    return {row["state"]: row["many"] for row in rows}


async def failed(conn: Connection) -> dict[str, int]:
    """How many of each source could not be taken over."""
    rows = await conn.fetch(
        "SELECT source, count(*) AS many FROM hris_received WHERE error IS NOT NULL GROUP BY source"
    )
    return {row["source"]: row["many"] for row in rows}

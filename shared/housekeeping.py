"""Retention: inbox partitions made ahead and dropped, and rows forgotten that nobody can need again.

By wall time, but for used links, which end as the links do, by business time.

What stays for good grows with the company and not with its events: `outbox_sequence` has one row for each
(topic, key), since a key that was silent for years must go on counting where it stopped; `parked` keeps what
an operator dropped, with the reason.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from shared import log
from shared.errors import Transient
from shared.tx import Connection, Door, transaction
from shared.waiting import pause

EVERY_S = 3600.0
RETRY_S = 60.0
PARTITION_DAYS_AHEAD = 3
INBOX_DAYS_KEPT = 21
IDEMPOTENCY_HOURS_KEPT = 24
ROWS_AT_ONCE = 10_000

FORGET_REST = """
DELETE FROM inbox_rest WHERE event_id IN (SELECT event_id FROM inbox_rest WHERE applied_at < $1 LIMIT $2)
"""
FORGET_KEYS = """
DELETE FROM idempotency WHERE (caller, key) IN
    (SELECT caller, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)
"""
FORGET_LINKS = """
DELETE FROM used_link WHERE link_id IN
    (SELECT link_id FROM used_link WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
"""


async def run(door: Door, stopping: asyncio.Event) -> None:
    """Tidies once an hour, until `stopping` is set."""
    while not stopping.is_set():
        rest_s = EVERY_S
        try:
            await tidy(door)
        except Transient as error:
            log.warning("housekeeping", service=door.service, outcome="retry", error=str(error))
            rest_s = RETRY_S
        await pause(rest_s, stopping)


async def tidy(door: Door) -> None:
    """The inbox is kept longer than any topic (14 days), so that what Kafka still has is still known."""
    async with transaction(door) as tx:
        if not await _is_ours(tx.conn):
            return
        await tx.conn.execute("SELECT make_inbox_partitions($1)", PARTITION_DAYS_AHEAD)
        await tx.conn.execute("SELECT drop_inbox_partitions($1)", INBOX_DAYS_KEPT)
        now: datetime = await tx.conn.fetchval("SELECT clock_timestamp()")
        business_now = tx.now
    await _forget(door, FORGET_REST, now - timedelta(days=INBOX_DAYS_KEPT))
    await _forget(door, FORGET_KEYS, now - timedelta(hours=IDEMPOTENCY_HOURS_KEPT))
    await _forget(door, FORGET_LINKS, business_now)


async def _forget(door: Door, statement: str, before: datetime) -> None:
    """Deletes in transactions of a bounded size until nothing older is left."""
    deleted = ROWS_AT_ONCE
    while deleted == ROWS_AT_ONCE:
        async with transaction(door) as tx:
            said = await tx.conn.execute(statement, before, ROWS_AT_ONCE)
        deleted = int(said.rpartition(" ")[2])


async def _is_ours(conn: Connection) -> bool:
    """One process of a service tidies at a time."""
    ours: bool = await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('housekeeping'))")
    return ours

"""Retention by wall time: inbox partitions made ahead and dropped, old idempotency keys forgotten."""

from __future__ import annotations

import asyncio

from shared import log
from shared.errors import Transient
from shared.tx import Connection, Door, transaction
from shared.waiting import pause

EVERY_S = 3600.0
PARTITION_DAYS_AHEAD = 3
INBOX_DAYS_KEPT = 21
IDEMPOTENCY_HOURS_KEPT = 24


async def run(door: Door, stopping: asyncio.Event) -> None:
    """Tidies once an hour, until `stopping` is set."""
    while not stopping.is_set():
        try:
            async with transaction(door) as tx:
                await tidy(tx.conn)
        except Transient as error:
            log.warning("housekeeping", service=door.service, outcome="retry", error=str(error))
        await pause(EVERY_S, stopping)


async def tidy(conn: Connection) -> None:
    """The inbox is kept longer than any topic (14 days), so that what Kafka still has is still known."""
    if not await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('housekeeping'))"):
        return
    await conn.execute("SELECT make_inbox_partitions($1)", PARTITION_DAYS_AHEAD)
    await conn.execute("SELECT drop_inbox_partitions($1)", INBOX_DAYS_KEPT)
    await conn.execute(
        "DELETE FROM idempotency WHERE created_at < clock_timestamp() - make_interval(hours => $1)",
        IDEMPOTENCY_HOURS_KEPT,
    )

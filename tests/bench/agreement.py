"""Whoever is compared does the same job: the peers write the rows that we write."""

from __future__ import annotations

from typing import Any

import asyncpg

from tests.bench import ground, job, targets
from tests.bench.ground import Ground

EVENTS = 1_000

Rows = tuple[list[asyncpg.Record], list[asyncpg.Record]]


async def of_peers(stand: Ground) -> None:
    """Raises Failed where a peer's rows are not ours."""
    prefix = await stand.topics()
    spec = {"prefix": prefix, "topic": f"{prefix}{job.SessionMeasured.topic()}", "events": EVENTS}
    await stand.work("fill", topic=spec["topic"], events=EVENTS)
    ours = await _written(stand, "consume", spec)
    for peer in targets.PEERS:
        if await _written(stand, peer.id, spec) != ours:
            raise ground.Failed(f"{peer.id} does not write the rows that the product writes")


async def _written(stand: Ground, what: str, spec: dict[str, Any]) -> Rows:
    """The aggregate's rows and the inbox's, but for the moment at which these were written."""
    store = await stand.store()
    work = stand.peer if what.startswith("peer_") else stand.work
    await work(what, dsn=store.dsn, group=targets.name(), **spec)
    conn = await asyncpg.connect(store.dsn)
    days = await conn.fetch("SELECT programme_id, day, sessions, minutes FROM measured_day ORDER BY 1, 2")
    heard = await conn.fetch("SELECT event_id, key, sequence, record_time FROM inbox ORDER BY 1")
    await conn.close()
    await stand.drop(store)
    if not sum(row["sessions"] for row in days) == len(heard) == spec["events"]:
        raise ground.Failed(f"{what} wrote {len(heard)} of {spec['events']} events")
    return days, heard

"""The work of the clock: a day's figures when the day is over; and, by the wall, live windows set right."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from prometheus_client import Gauge

from services.analytics.core import days, figures, live
from services.analytics.store import days as day_store
from services.analytics.store import live as live_store
from shared import log
from shared.errors import Transient
from shared.service import Loop, every
from shared.tx import Connection, Door, Tx, transaction


async def close_day(tx: Tx) -> None:
    """Writes the oldest open day and, once more, the day before it: that brings in what came late."""
    day = days.next_day(await day_store.last_closed(tx.conn), await day_store.first_fact(tx.conn))
    assert day is not None, "the job is due only once a fact is known"
    for written in (day - days.A_DAY, day):
        since = figures.since_days(tx.now, None)
        await day_store.write_day(tx.conn, written, as_of=days.last_instant(written), since=since)
    await day_store.close_day(tx.conn, day, tx.now)


async def day_is_over(conn: Connection) -> datetime | None:
    return days.due(await day_store.last_closed(conn), await day_store.first_fact(conn))


JOBS = (every(60, close_day, day_is_over),)


def reconciler(drift: Gauge) -> Loop:
    """The loop that sets closed live windows to what was applied, and tells by how much they were off.

    It goes by the wall, as the records' own times do, whatever the business clock says.
    """

    async def reconcile_windows(door: Door) -> None:
        while True:
            await asyncio.sleep(live.WINDOW_S)
            try:
                drift.set(await reconcile(door, datetime.now(UTC)))
            except Transient as error:
                log.warning("reconcile", service=door.service, outcome="retry", error=str(error))

    return reconcile_windows


async def reconcile(door: Door, now: datetime) -> int:
    """One round at a wall time: recounts closed windows, forgets old ones. Returns the drift in events."""
    since, until = live.recount_span(now)
    async with transaction(door) as tx:
        await live_store.recount(tx.conn, since=since, until=until, window_s=live.WINDOW_S)
        await live_store.forget(tx.conn, now - live.KEPT)
        return await live_store.drift(tx.conn, since=since, until=until)

"""The work of the clock: a day's figures when the day is over, and again when facts of it came late.

By the wall: live windows set right, and months of the event log made ahead.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

from prometheus_client import Gauge

from services.analytics.core import days, figures, live
from services.analytics.store import days as day_store
from services.analytics.store import live as live_store
from services.analytics.store import log as log_store
from shared import log
from shared.errors import Transient
from shared.service import Loop, every
from shared.tx import Connection, Door, Tx, transaction


async def close_day(tx: Tx) -> None:
    """Writes some days again whose facts came late; where there are none, the oldest day still open."""
    await day_store.hold(tx.conn)
    last, first = await day_store.last_closed(tx.conn), await day_store.first_fact(tx.conn)
    late = await day_store.late_since(tx.conn)
    if late is None or last is None or first is None:
        day = days.next_day(last, first)
        assert day is not None, "the job is due only once a fact is known"
        await _write(tx, day)
        return
    again = days.written_again(late, first, last)
    for day in again:
        await _write(tx, day)
    rest = days.midnight(again[-1] + days.A_DAY) if again and again[-1] < last else None
    await day_store.settle(tx.conn, rest)


async def _write(tx: Tx, day: date) -> None:
    since = figures.since_days(tx.now, None)
    await day_store.write_day(tx.conn, day, as_of=days.last_instant(day), since=since)
    await day_store.close_day(tx.conn, day, tx.now)


async def day_is_over(conn: Connection) -> datetime | None:
    """When a day can be written: the end of the next one, or at once where facts came late."""
    late = await day_store.late_since(conn)
    if late is not None:
        return late
    return days.due(await day_store.last_closed(conn), await day_store.first_fact(conn))


JOBS = (every(60, close_day, day_is_over),)
LOG_EVERY_S = 3600.0
LOG_MONTHS_AHEAD = 2


def log_keeper(months_kept: int) -> Loop:
    """The loop that makes months of the log ahead, and drops those that are too old; 0 keeps all of them."""

    async def keep_log(door: Door) -> None:
        while True:
            try:
                async with transaction(door) as tx:
                    await log_store.make_months(tx.conn, LOG_MONTHS_AHEAD)
                    if months_kept:
                        await log_store.drop_months(tx.conn, months_kept)
            except Transient as error:
                log.warning("log", service=door.service, outcome="retry", error=str(error))
            await asyncio.sleep(LOG_EVERY_S)

    return keep_log


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

"""Runs the work of the clock: each job when the earliest row that needs it is due.

A job runs in one transaction and holds `pg_try_advisory_xact_lock` inside it, so that replicas share the work
and never do it twice at once. The lock ends with the transaction. Jobs that are due together run one after
another in the order in which the service declares them, whoever runs them: what one frees the next may use.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import datetime

from shared import log
from shared.errors import Transient
from shared.service import Due, Job
from shared.tx import Connection, Door, transaction
from shared.waiting import until

RETRY_S = (0.5, 2.0, 10.0, 60.0)
ROUNDS_MAX = 1000
WOKEN_AGAIN_S = 0.01


async def next_due(conn: Connection, dues: Sequence[Due]) -> datetime | None:
    """The earliest business time at which any of these has work."""
    times = [at for due in dues if (at := await due(conn)) is not None]
    return min(times, default=None)


async def run(door: Door, jobs: Sequence[Job], *, stopping: asyncio.Event) -> None:
    """Until `stopping` is set: does what is due, then rests until something may be due again."""
    woken = door.bell.listener()
    await until(door.clock.started(), stopping)
    failures: Counter[str] = Counter()
    while not stopping.is_set():
        woken.clear()
        pauses_s = [await _attempt(door, job, failures) for job in jobs]
        if any(failures[job.name] for job in jobs):
            woken.clear()
        await _rest(woken, min(pauses_s), stopping)


async def _attempt(door: Door, job: Job, failures: Counter[str]) -> float:
    """Does a job while it is due; its failure stops no other. Returns the seconds until it asks again."""
    try:
        await run_while_due(door, job)
    except Transient as error:
        log.warning("job", job=job.name, outcome="retry", error=str(error))
        return RETRY_S[0]
    except Exception as error:
        log.error("job", job=job.name, outcome="failed", error=repr(error), exc_info=True)
        failures[job.name] += 1
        return RETRY_S[min(failures[job.name], len(RETRY_S)) - 1]
    failures[job.name] = 0
    return job.every_s


async def tried(name: str, work: Awaitable[object], **fields: object) -> Exception | None:
    """Does long work outside a transaction and answers with the error it ended in, if it did. The loop that
    called goes on. Raises Transient: the store was away, and trying again is the caller's affair."""
    began = time.monotonic()
    try:
        await work
    except Transient:
        raise
    except Exception as error:
        log.error(name, outcome="failed", error=repr(error), exc_info=True, **fields)
        return error
    log.info(name, outcome="done", ms=round((time.monotonic() - began) * 1000, 1), **fields)
    return None


async def _rest(woken: asyncio.Event, pause_s: float, stopping: asyncio.Event) -> None:
    """Until a commit of this process, the end, or the pause is over; commits close together count as one."""
    try:
        async with asyncio.timeout(pause_s):
            await until(woken.wait(), stopping)
    except TimeoutError:
        return
    await asyncio.sleep(WOKEN_AGAIN_S)


async def run_while_due(door: Door, job: Job) -> int:
    """Runs a job as often as it is due now; returns how often. A job that stays due is a bug and rises."""
    for rounds in range(ROUNDS_MAX):
        if not await run_once(door, job):
            return rounds
    raise RuntimeError(f"job {job.name} is still due after {ROUNDS_MAX} rounds")


async def run_once(door: Door, job: Job) -> bool:
    """Runs a job if it is due and no other process runs one; tells whether it ran."""
    began = time.monotonic()
    async with door.pool.acquire(timeout=door.acquire_timeout_s) as conn:
        due = await job.due(conn)  # type: ignore[arg-type]
    if due is None or due > door.clock.now():
        return False
    async with transaction(door) as tx:
        if not await tx.conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('jobs'))"):
            return False
        due = await job.due(tx.conn)
        if due is None or due > tx.now:
            return False
        await job.run(tx)
    milliseconds = round((time.monotonic() - began) * 1000, 1)
    log.info("job", job=job.name, service=door.service, outcome="done", ms=milliseconds)
    return True

"""A service's whole process while it listens: started as in production, looked at from outside."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median

import asyncpg
import psutil

from deploy.local import ports
from tests.bench import ground, job
from tests.bench.ground import Ground

PATIENCE_S = 240.0
LOOK_S = 0.1
AROUND = 0.1
"""Samples count for a mark when so many of its events (as a share) are missing or more."""


@dataclass(frozen=True)
class Size:
    """Bytes of a process: what it has alone (USS; no other process changes that), all it has mapped (RSS)."""

    own: float
    rss: float


@asynccontextmanager
async def serving(stand: Ground, dsn: str, prefix: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    """`python -m tests.bench.small serve`, until it has all partitions."""
    log = stand.home / f"serve-{uuid.uuid4().hex[:8]}.log"
    process = stand.start(
        [sys.executable, "-m", "tests.bench.small", "serve"],
        log,
        MENTORING_DSN=dsn,
        MENTORING_KAFKA=stand.kafka,
        MENTORING_TOPIC_PREFIX=prefix,
        MENTORING_HTTP_PORT=str(ports.free(1)[0]),
    )
    try:
        yield process
        if process.poll() is not None:
            raise ground.Failed(f"the service ended: {log.read_text(errors='replace')[-2000:]}")
    finally:
        await asyncio.to_thread(ground.end, process)


async def while_consuming(stand: Ground, few: int, many: int) -> tuple[Size, Size]:
    """The size when `few` events were applied, and when `many` were."""
    prefix = await stand.topics()
    await stand.work("fill", topic=f"{prefix}{job.SessionMeasured.topic()}", events=many)
    store = await stand.store()
    conn = await asyncpg.connect(store.dsn)
    samples: list[tuple[int, Size]] = []
    try:
        async with serving(stand, store.dsn, prefix) as process:
            deadline, applied = time.monotonic() + PATIENCE_S, 0
            while applied < many:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise ground.Failed(f"{applied} of {many} events were applied in {PATIENCE_S:.0f} s")
                await asyncio.sleep(LOOK_S)
                applied = await conn.fetchval("SELECT coalesce(sum(sessions), 0)::bigint FROM measured_day")
                samples.append((applied, size_of(process.pid)))
    finally:
        await conn.close()
        await stand.drop(store)
    return _at(samples, few), _at(samples, many)


def size_of(pid: int) -> Size:
    found = psutil.Process(pid).memory_full_info()
    return Size(found.uss, found.rss)


def _at(samples: list[tuple[int, Size]], mark: int) -> Size:
    """The median of the samples around a mark; of the nearest one where it was passed quickly."""
    near = [size for applied, size in samples if abs(applied - mark) <= AROUND * mark]
    if not near:
        near = [min(samples, key=lambda one: abs(one[0] - mark))[1]]
    return Size(median(one.own for one in near), median(one.rss for one in near))

"""Ours: the service around the engine, on a real database: reading, publishing, answering while it solves.

The people are those of `tests.integration.matching.crowd`, whose answers are rows and not values.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

import asyncpg

from services.matching import commands, engine, loops, store
from services.matching.commands.following import Following
from services.matching.commands.projection import Projection, Projections
from services.matching.core.ids import ProgrammeId
from services.matching.core.runs import Run
from services.matching.settings import Settings
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.bench.matching.worker import Clock, Found, Spec
from tests.conftest import BEGINNING
from tests.integration.matching import crowd, world

EVERY_S = 0.05
PATIENCE_S = 900.0
WARM_S = 1.0
MENTORS_PER_MENTEE = 0.4


@asynccontextmanager
async def _programme(mentees: int) -> AsyncIterator[tuple[tx.Door, ProgrammeId, str]]:
    """A programme of so many in a database of its own; and how the database is reached."""
    with infra.postgres_dsn() as admin:
        made = infra.Databases(admin)
        own = await made.fresh("matching")
        pool = await asyncpg.create_pool(own.dsn, min_size=1, max_size=8, command_timeout=PATIENCE_S)
        clock = SteppedClock()
        clock.set(BEGINNING)
        door = tx.Door("matching", pool, clock, tx.Bell())
        programme_id = await crowd.fill(
            door, mentees=mentees, mentors=max(1, round(MENTORS_PER_MENTEE * mentees))
        )
        await pool.execute("ANALYZE")
        try:
            yield door, programme_id, own.dsn
        finally:
            await pool.close()


def projected(spec: Spec) -> Found:
    """A programme read whole and made a market, with its arrays and its hash; then again after one change.

    At last it is solved, and its pairs are published.
    """
    return asyncio.run(_projected(spec))


async def _projected(spec: Spec) -> Found:
    engine.warm()
    # As in a serving process.
    gc.freeze()
    gc.set_threshold(*loops.COLLECT_AFTER)
    async with _programme(spec["mentees"]) as (door, programme_id, _):
        kept, clock = Projections(), Clock()
        seen = await _seen(door, kept, programme_id)
        read = clock.read()
        clock = Clock()
        engine.prepare(seen.market)
        prepared = clock.read()
        await door.pool.execute(
            "UPDATE participation SET version = version + 1 WHERE id = $1", seen.pool.participations[0].id
        )
        clock = Clock()
        await _seen(door, kept, programme_id)
        again = clock.read()
        run, seen, outcome = await _solved(door, kept, programme_id)
        clock = Clock()
        async with tx.transaction(door) as unit:
            await commands.publishing.note(unit, run, outcome)
        noted = clock.read()
        clock = Clock()
        async with tx.transaction(door) as unit:
            await commands.publishing.finish(unit, run, seen, outcome, again=False)
        published = clock.read()
    return {
        "people": len(seen.pool.participations),
        "pairs": len(outcome.pairs),
        "read": read,
        "prepared": prepared,
        "again": again,
        "noted": noted,
        "published": published,
    }


async def _seen(door: tx.Door, kept: Projections, programme_id: UUID) -> Projection:
    async with tx.snapshot(door) as conn:
        return await kept.of(conn, programme_id, now=door.clock.now())


async def _solved(
    door: tx.Door, kept: Projections, programme_id: UUID
) -> tuple[Run, Projection, commands.solving.Outcome]:
    async with tx.transaction(door) as unit:
        asked = await commands.rounds.ask(
            unit, await store.programmes.lock(unit.conn, programme_id), by="the bench"
        )
        run = await commands.rounds.begin(unit, asked.id)
        assert run is not None
    seen = await _seen(door, kept, programme_id)
    return run, seen, commands.solving.solve(seen, commands.solving.Progress())


def answering(spec: Spec) -> Found:
    """How long answers of the process take from the moment they are due, while its programme is solved as in
    production; and while nothing is."""
    return asyncio.run(_answering(spec))


async def _answering(spec: Spec) -> Found:
    async with _programme(spec["mentees"]) as (door, programme_id, dsn):
        with tempfile.TemporaryDirectory() as folder, _told(MENTORING_DSN=dsn, MENTORING_STACK_DIR=folder):
            async with world.opened(door, Path(folder)) as here:
                await _asked(here, programme_id, asyncio.sleep(WARM_S))
                alone = await _asked(here, programme_id, asyncio.sleep(spec["alone_s"]))
                run = await here.call("POST", f"/v1/programmes/{programme_id}/runs")
                settings = Settings(solve_here_max=0)  # type: ignore[call-arg]
                solving = loops.hold_next(door, settings, Projections(), Following())
                meanwhile = await _asked(here, programme_id, solving)
                state = (await here.run(run.json()["run_id"]))["state"]
    return {"alone": alone, "meanwhile": meanwhile, "published": state == "published"}


@contextmanager
def _told(**variables: str) -> Iterator[None]:
    """The environment of the process that solves, while the block lasts."""
    before = dict(os.environ)
    os.environ.update(MENTORING_KAFKA="unused", MENTORING_CLOCK="stepped", **variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def _asked(here: world.World, programme_id: UUID, work: Awaitable[object]) -> list[float]:
    """Seconds from when each question was due to its answer, until the work is done."""
    working = asyncio.ensure_future(work)
    began, took = time.perf_counter(), list[float]()
    async with asyncio.timeout(PATIENCE_S):
        while not working.done():
            due = began + len(took) * EVERY_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await here.call("GET", f"/v1/programmes/{programme_id}")
            took.append(time.perf_counter() - due)
    await working
    return took

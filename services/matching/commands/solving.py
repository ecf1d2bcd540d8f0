"""The long part of a run: outside transactions and off the event loop.

A process that works on a programme holds its advisory lock on a connection, so a process that dies leaves its
run to the next one. The pool is read in one snapshot, solved in a thread, and what came of it is published in
a short transaction that looks again: see `publishing.finish`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from services.matching import core, engine, store
from services.matching.commands import notes, programmes, publishing, rounds
from services.matching.commands.projection import Projection, Projections
from services.matching.core.outcomes import Outcome
from services.matching.core.runs import Run
from shared import jobs
from shared.tx import AWAY, Connection, Door, lent, snapshot, transaction

LOOKS_MAX = 3
"""How often a run is solved again because the pool has changed meanwhile, before pairs are dropped."""
TELL_EVERY_S = 0.3


@dataclass(eq=False)
class Progress:
    """How far a run is: written by the thread that solves, read by the loop that tells."""

    phase: str = "loading"
    done: int = 0
    total: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def tell(self, phase: str, done: int, total: int) -> None:
        self.phase, self.done, self.total = phase, done, total


async def hold_one(door: Door, kept: Projections) -> bool:
    """Solves and publishes the run that has waited longest, of a programme nobody works on. False: none."""
    async with lent(door) as holding:
        run = await _claim(door, holding)
        if run is None:
            return False
        try:
            error = await jobs.tried("run", _hold(door, run, kept), run_id=str(run.id))
            if error is not None:
                await _give_up(door, run, error)
        finally:
            with suppress(*AWAY):
                await store.solving.leave(holding, run.programme_id)
        return True


async def _claim(door: Door, holding: Connection) -> Run | None:
    for run_id, programme_id in await store.solving.waiting(holding):
        if not await store.solving.take(holding, programme_id):
            continue
        async with transaction(door) as tx:
            run = await rounds.begin(tx, run_id)
        if run is not None:
            return run
        await store.solving.leave(holding, programme_id)
    return None


async def _hold(door: Door, run: Run, kept: Projections) -> None:
    for left in reversed(range(LOOKS_MAX)):
        async with snapshot(door) as conn:
            seen = await kept.of(conn, run.programme_id, now=run.seen_at, standing=run.replaces)
        progress = Progress()
        async with _told(door, run, progress):
            outcome = await asyncio.to_thread(solve, seen, progress)
        if progress.stopped.is_set():
            return
        if run.only_offers:
            outcome = core.outcomes.offered(outcome, seen.pool)
        async with transaction(door) as tx:
            if not await publishing.note(tx, run, outcome):
                return
        async with transaction(door) as tx:
            if await publishing.finish(tx, run, seen, outcome, again=left > 0):
                return


def solve(seen: Projection, progress: Progress) -> Outcome:
    """The best pairs of a programme; pure work, for a thread."""
    progress.tell("reading", 0, len(seen.pool.participations))
    pool = core.pool.balanced(seen.pool, engine.solve)
    market = seen.market if pool is seen.pool else core.pool.market(pool)
    progress.tell("solving", 0, len(market.mentees))
    solution = engine.solve(
        market,
        stop=progress.stopped.is_set,
        tell=lambda done, of: progress.tell("solving", done, of),
    )
    progress.tell("writing", 0, len(solution.pairs))
    return core.outcomes.of(pool, market, solution)


@asynccontextmanager
async def _told(door: Door, run: Run, progress: Progress) -> AsyncIterator[None]:
    """While the block lasts, how far the run is stands in its row, and a cancelled run is told to stop."""
    telling = asyncio.create_task(_tell(door, run, progress))
    try:
        yield
    except asyncio.CancelledError:
        # The process ends: its thread is not to keep it.
        progress.stopped.set()
        raise
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


async def _tell(door: Door, run: Run, progress: Progress) -> None:
    while not progress.stopped.is_set():
        async with transaction(door) as tx:
            mine = await store.solving.tell(
                tx.conn,
                run.id,
                run.attempts,
                phase=progress.phase,
                done=progress.done,
                total=progress.total,
            )
        if not mine:
            progress.stopped.set()
        await asyncio.sleep(TELL_EVERY_S)


async def _give_up(door: Door, run: Run, error: Exception) -> None:
    async with transaction(door) as tx:
        await store.programmes.lock(tx.conn, run.programme_id)
        held = await store.runs.get_locked(tx.conn, run.id)
        if held.state == "solving" and held.attempts == run.attempts:
            await notes.forget(tx.conn, run.id)
            await store.runs.update(tx.conn, core.runs.failed(held, _in_words(error), now=tx.now))
            await programmes.pool_changed(tx, run.programme_id)


def _in_words(error: Exception) -> str:
    if isinstance(error, engine.InvalidMarket):
        return f"Something that was told cannot be computed: {error}. Correct it; the next round looks again."
    if isinstance(error, MemoryError):
        return "There was not enough memory to solve this programme. Give the process more."
    return (
        f"An error in the product ({type(error).__name__}); the log of matching has it under this run's id."
    )

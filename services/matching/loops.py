"""The service's own tasks, outside transactions: solving rounds, and getting the solver ready.

A small programme is solved in this process. A large one is given to a process of its own, which works as any
replica would and then ends: reading and indexing tens of thousands of people is Python and would hold up
every answer of this one. The child ends when its standard input does, so it does not outlive its parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
import threading
import time
from datetime import datetime

from services.matching import commands, core, engine, store
from services.matching.commands.following import Following
from services.matching.commands.projection import Projections
from services.matching.settings import Settings
from shared import log
from shared.clock import SteppedClock
from shared.errors import Transient
from shared.run import clock_of, open_pool
from shared.service import Service
from shared.tx import Bell, Door, lent

POLL_S = 0.25
SEAL_EVERY_S = 5.0
AWAY_S = 1.0
RUN_S_MAX = 3600.0
STATEMENT_S_MAX = 120.0
NICER_BY = 10
COLLECT_AFTER = (50_000, 20, 50)
"""As in a serving process: tens of thousands of people who stay are not looked through again and again."""


async def compile_solver(door: Door) -> None:
    """Gets the fast solver ready; rounds do not wait for it, until then the slower one serves."""
    # A daemon: a process that is told to stop does not wait for a compiler.
    threading.Thread(target=_compile_solver, name="compile_solver", daemon=True).start()
    await asyncio.Event().wait()


def _compile_solver() -> None:
    begun = time.monotonic()
    engine.warm()
    log.info("compile_solver", outcome="ready", ms=round((time.monotonic() - begun) * 1000))


async def seal_audit(door: Door) -> None:
    """Seals what was noted since the last time, until cancelled; by the wall, and never while somebody waits.

    The head of the chain goes to the log, which is kept elsewhere: an end that is cut off is missed there.
    """
    while True:
        await asyncio.sleep(SEAL_EVERY_S)
        try:
            many = await commands.audit.seal(door)
            if many:
                async with lent(door) as conn:
                    head = core.audit.Head(*(await store.audit.head(conn) or ()))
                log.info("seal_audit", entries=many, head=str(head))
        except Transient as error:
            log.warning("seal_audit", outcome="retry", error=str(error))


async def hold_rounds(door: Door, settings: Settings, kept: Projections) -> None:
    """Solves the runs that wait, one at a time, until cancelled."""
    following = Following()
    await door.clock.started()
    woken = door.bell.listener()
    while True:
        woken.clear()
        try:
            did = await hold_next(door, settings, kept, following)
        except Transient as error:
            log.warning("hold_rounds", outcome="retry", error=str(error))
            await asyncio.sleep(AWAY_S)
            continue
        if not did:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_S)


async def hold_next(door: Door, settings: Settings, kept: Projections, following: Following) -> bool:
    """Solves one run, here or in a process of its own. False: none waits that nobody works on."""
    async with lent(door) as conn:
        run = await store.solving.next_waiting(conn)
    if run is None:
        return False
    if run.many <= settings.solve_here_max:
        return await commands.solving.hold_one(door, kept)
    if run.only_offers and not await commands.following.offers_something(door, run, kept, following):
        return True
    try:
        async with asyncio.timeout(RUN_S_MAX):
            code = await _apart(door.clock.now())
    except TimeoutError:
        log.error("hold_rounds", outcome="took too long", seconds=RUN_S_MAX)
        return True
    door.bell.ring()
    if code:
        log.warning("hold_rounds", outcome="process ended", code=code)
        await asyncio.sleep(AWAY_S)
    return True


async def _apart(now: datetime) -> int:
    """One run in a process of its own, which is ended with this task. Returns its exit code."""
    arguments = (sys.executable, "-m", "services.matching", "solve")
    process = await asyncio.create_subprocess_exec(*arguments, stdin=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    try:
        process.stdin.write(f"{now.isoformat()}\n".encode())
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def solve(service: Service) -> int:
    """The command `solve`: the run that has waited longest, in this process. The first line of standard input
    is the business time, which a stepped clock is told."""
    os.nice(NICER_BY)
    settings = service.settings.model_copy(update={"statement_timeout_s": STATEMENT_S_MAX})
    clock = clock_of(settings)
    now = datetime.fromisoformat((await asyncio.to_thread(sys.stdin.readline)).strip())
    if isinstance(clock, SteppedClock):
        clock.set(now)
    threading.Thread(target=_end_with_parent, name="end_with_parent", daemon=True).start()
    async with open_pool(settings) as pool:
        door = Door(service.name, pool, clock, Bell(), settings.topic_prefix)
        await asyncio.to_thread(engine.warm)
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        await commands.solving.hold_one(door, Projections())
    return 0


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)

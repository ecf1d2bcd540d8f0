"""A large programme is solved in a process of its own, so that this one goes on answering."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.matching import core, jobs, loops
from services.matching.commands.following import Following
from services.matching.commands.projection import Projections
from services.matching.settings import Settings
from shared import jobs as shared_jobs
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.matching import world


async def look_soon(here: world.World) -> None:
    """Minutes go by, and the clock's job asks for the run that offers somebody."""
    here.later(minutes=core.programmes.OFFER_MINUTES)
    (job,) = (one for one in jobs.JOBS if one.name == "offer_soon")
    await shared_jobs.run_while_due(here.door, job)


async def test_a_large_programme_is_solved_in_a_process_of_its_own_and_only_to_offer_something(
    database: infra.MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await database("matching")
    monkeypatch.setenv("MENTORING_DSN", store.dsn)
    monkeypatch.setenv("MENTORING_KAFKA", "unused")
    monkeypatch.setenv("MENTORING_CLOCK", "stepped")
    monkeypatch.setenv("MENTORING_STACK_DIR", str(tmp_path))
    pool = await infra.connect(store.dsn)
    clock = SteppedClock()
    clock.set(BEGINNING)
    door = tx.Door("matching", pool, clock, tx.Bell())
    settings = Settings(solve_here_max=0)  # type: ignore[call-arg]
    kept, following = Projections(), Following()
    try:
        async with world.opened(door, tmp_path) as here:
            await here.hire(*world.a_company(3))
            programme = await here.open()
            await here.enrol(programme, 1, "mentee")
            await look_soon(here)
            assert await loops.hold_next(door, settings, kept, following)
            assert await pool.fetchval("SELECT count(*) FROM matching_run") == 0
            assert not await loops.hold_next(door, settings, kept, following)
            for number in (2, 3):
                await here.enrol(programme, number, "mentor")
            await look_soon(here)
            assert await loops.hold_next(door, settings, kept, following)
            (finished,) = await here.said("matching-run-finished")
            run = await here.run(finished["run_id"])
            assert (run["state"], run["proposed"], run["problem"]) == ("published", 1, None)
            assert run["finished_at"] == "2026-03-02T09:20:00Z"
            assert not await loops.hold_next(door, settings, kept, following)
    finally:
        pool.terminate()

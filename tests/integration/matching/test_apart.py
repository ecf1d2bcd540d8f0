"""A large programme is solved in a process of its own, so that this one goes on answering."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.matching import loops
from services.matching.commands.projection import Projections
from services.matching.settings import Settings
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.matching import world


async def test_a_large_programme_is_solved_in_a_process_of_its_own(
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
    settings = Settings(solve_here_max=2)  # type: ignore[call-arg]
    try:
        async with world.opened(door, tmp_path) as here:
            await here.hire(*world.a_company(3))
            programme = await here.open()
            for number, role in ((1, "mentee"), (2, "mentor"), (3, "mentor")):
                await here.enrol(programme, number, role)
            asked = await here.call("POST", f"/v1/programmes/{programme}/runs")
            assert await loops.hold_next(door, settings, Projections())
            run = await here.run(asked.json()["run_id"])
            assert (run["state"], run["proposed"], run["problem"]) == ("published", 1, None)
            assert run["finished_at"] == "2026-03-02T09:00:00Z"
            assert not await loops.hold_next(door, settings, Projections())
    finally:
        pool.terminate()

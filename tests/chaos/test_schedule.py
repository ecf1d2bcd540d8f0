"""The schedule of faults itself, without a company."""

from __future__ import annotations

import asyncio
import random

from tests.chaos.faults import KINDS
from tests.chaos.faults.scene import Scene
from tests.chaos.schedule import Schedule

KIND = "service frozen and thawed"


async def test_a_campaign_ends_at_once_where_its_next_fault_still_waits_for_its_turn() -> None:
    scene = Scene(None, random.Random(1), lambda: "nobody")  # type: ignore[arg-type]
    schedule, stop = Schedule(scene, [KIND], lambda _: None), asyncio.Event()
    schedule._claimed.update([KIND, *KINDS[KIND].claims])
    asyncio.get_running_loop().call_later(0.05, stop.set)
    await asyncio.wait_for(schedule.run(lambda _: False, stop), 5)
    assert not schedule.struck

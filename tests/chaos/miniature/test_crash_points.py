"""Two processes with nothing but the plumbing, killed at every crash point: D1 to D7 hold after each."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import infra
from tests.chaos.miniature import declared, visits
from tests.chaos.miniature.pair import KEYS, pair
from tests.chaos.miniature.phrases import MADE, a_match
from tests.chaos.miniature.processes import Nursery, nursery


@pytest.fixture
async def cradle() -> AsyncIterator[Nursery]:
    async with nursery() as made:
        yield made


def a_seed() -> int:
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(1 << 30))
    print(f"CHAOS_SEED={seed} repeats this order")
    return seed


def test_every_await_on_the_way_of_an_event_has_a_point_before_and_after_it() -> None:
    assert declared.without_points() == []


def test_every_declared_point_is_visited_by_the_campaign() -> None:
    assert visits.visited() == declared.points()


@pytest.mark.timeout(900)
async def test_U5_no_crash_at_any_point_loses_doubles_or_reorders_an_event(
    cradle: Nursery, kafka: str, postgres: infra.Databases, tmp_path: Path
) -> None:
    seed = a_seed()
    servers = (kafka, postgres)
    walks = [walk(cradle, servers, tmp_path / name, seed) for name in visits.ROUNDS]
    found = [one for findings in await asyncio.gather(*walks) for one in findings]
    assert found == [], "\n".join([f"CHAOS_SEED={seed}", *found])


async def walk(cradle: Nursery, servers: tuple[str, infra.Databases], folder: Path, seed: int) -> list[str]:
    """One pair through all visits of a round, in an order of the seed's."""
    found: list[str] = []
    steps = [(visit, point) for visit in visits.ROUNDS[folder.name] for point in visit.points]
    async with pair(cradle, servers, folder, seed) as one:
        one.chance.shuffle(steps)
        await one.speak()
        await one.listen()
        one.order(*((MADE, a_match(number)) for number in range(KEYS)))
        found += [f"at first: {wrong}" for wrong in await one.findings()]
        for visit, point in steps:
            began = time.monotonic()
            found += [f"{point}: {wrong}" for wrong in await visits.die_at(one, visit, point)]
            print(f"{folder.name} {point} {time.monotonic() - began:.1f} s", flush=True)
            if found:
                return found
    return found

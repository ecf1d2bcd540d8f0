"""A world with one pair that was just matched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests import infra
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MENTEE, MENTOR, World


@pytest_asyncio.fixture
async def empty(door: infra.MakeDoor, tmp_path: Path) -> AsyncIterator[World]:
    """Scheduling that has heard nothing yet, at 2026-03-02T09:00Z, a Monday."""
    async with world.opened(await door("scheduling"), tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def known(empty: World) -> World:
    """Mia and Tom in Madrid, at work from nine to five, not matched yet."""
    now = empty.now
    await empty.hear(
        world.a_person(MENTEE, now),
        world.a_person(MENTOR, now),
        world.a_programme(now),
        world.a_participant(MENTEE, "mentee", now),
        world.a_participant(MENTOR, "mentor", now),
    )
    return empty


@pytest_asyncio.fixture
async def matched(known: World) -> World:
    """The two, matched just now."""
    await known.hear(world.a_match(known.now))
    return known

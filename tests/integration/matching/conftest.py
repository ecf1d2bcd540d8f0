from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests import infra
from tests.integration.matching import world
from tests.integration.matching.world import World


@pytest_asyncio.fixture
async def here(door: infra.MakeDoor, tmp_path: Path) -> AsyncIterator[World]:
    """Matching with nobody in it, at 2026-03-02T09:00Z, a Monday."""
    async with world.opened(await door("matching"), tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def company(here: World) -> World:
    """Twelve employees, none of whom manages or shares a manager with another."""
    await here.hire(*world.a_company(12))
    return here

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests import infra
from tests.integration.notifications import world
from tests.integration.notifications.world import MENTEE, MENTOR, World


@pytest_asyncio.fixture
async def empty(door: infra.MakeDoor, tmp_path: Path) -> AsyncIterator[World]:
    """Notifications that has heard nothing yet, at 2026-03-02T09:00Z, a Monday."""
    async with world.opened(await door("notifications"), tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def known(empty: World) -> World:
    """Two people in Madrid and a programme."""
    now = empty.now
    await empty.hear(
        world.a_person(MENTEE, now), world.a_person(MENTOR, now, name="Tom"), world.a_programme(now)
    )
    return empty


@pytest_asyncio.fixture
async def matched(known: World) -> World:
    """The two are matched, and were told."""
    await known.hear(world.a_match(known.now))
    await known.send()
    known.inbox.mails.clear()
    return known

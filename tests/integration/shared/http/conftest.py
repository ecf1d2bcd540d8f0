from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests import infra
from tests.integration.shared.http import notes


@pytest_asyncio.fixture
async def desk(database: infra.MakeDatabase, tmp_path: Path) -> AsyncIterator[notes.Notes]:
    """The notes on a fresh store, at BEGINNING."""
    store = await database("plumbing")
    await notes.prepare(store.owner_dsn)
    pool = await infra.connect(store.dsn)
    yield notes.build(notes.a_door(pool), notes.settings(tmp_path, store.dsn), store.owner_dsn)
    pool.terminate()

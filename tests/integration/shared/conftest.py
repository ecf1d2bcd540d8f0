from __future__ import annotations

import pytest_asyncio

from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.shared.plumbing import Listener


@pytest_asyncio.fixture
async def listener(database: infra.MakeDatabase, topic_prefix: str):
    """A listener with a table of its own on a store that has the plumbing and nothing else."""
    store = await database("plumbing")
    clock = SteppedClock()
    clock.set(BEGINNING)
    pool = await infra.connect(store.dsn)
    made = Listener(tx.Door("plumbing", pool, clock, tx.Bell(), topic_prefix), store.dsn)
    await made.prepare(store.owner_dsn)
    yield made
    pool.terminate()

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from deploy.local.databases import Store
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.matching.scim.ground import Ground


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def kept(runner: asyncio.Runner, postgres: infra.Databases) -> Iterator[Store]:
    made = runner.run(postgres.fresh("matching"))
    yield made
    runner.run(postgres.drop(made))


@pytest.fixture(scope="module")
def ground(runner: asyncio.Runner, kept: Store) -> Iterator[Ground]:
    clock = SteppedClock()
    clock.set(BEGINNING)
    pool = runner.run(infra.connect(kept.dsn))
    yield Ground(tx.Door("matching", pool, clock, tx.Bell()))
    pool.terminate()

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import pytest_asyncio

from deploy.local.databases import Store
from deploy.local.scim import Directory
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.matching.scim.directories import a_directory
from tests.integration.matching.scim.ground import Ground
from tests.integration.matching.world import World


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


@pytest_asyncio.fixture
async def directory(here: World) -> Directory:
    """An identity provider whose source is called "okta"."""
    return await a_directory(here, "okta")

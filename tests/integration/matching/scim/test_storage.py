"""The library's own contract of a storage, kept by ours on a real database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest
import scim2_models as scim
from scim2_server.testing import BlockingStorage, ScimStorageContract

from services.matching.hris.scim import comparing, models
from services.matching.hris.scim.storage import Storage
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING

SOURCES = itertools.count(1)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def matching(runner: asyncio.Runner, postgres: infra.Databases) -> Iterator[tx.Door]:
    """One database for the whole contract: each test has a source of its own in it."""
    store = runner.run(postgres.fresh("matching"))
    clock = SteppedClock()
    clock.set(BEGINNING)
    pool = runner.run(infra.connect(store.dsn))
    yield tx.Door("matching", pool, clock, tx.Bell())
    pool.terminate()
    runner.run(postgres.drop(store))


class TestOurStorage(ScimStorageContract):
    """But for pages by cursor, which our ServiceProviderConfig does not announce."""

    for _name in [name for name in dir(ScimStorageContract) if name.startswith("test_cursor")]:
        locals()[_name] = None

    @pytest.fixture
    def provider(self) -> scim.ScimProvider:
        return models.provider()

    @pytest.fixture
    def storage(
        self, provider: scim.ScimProvider, runner: asyncio.Runner, matching: tx.Door
    ) -> BlockingStorage:
        kinds = {one.name: one for one in (comparing.kind(provider, t) for t in provider.resource_types)}
        return BlockingStorage(Storage(matching, f"source-{next(SOURCES)}", kinds), runner)

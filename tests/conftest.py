"""Fixtures of all tests. Servers are real and shared; databases, a topic prefix and a clock are a test's own.

async def test_a_full_mentor_is_refused(pool: infra.MakePool, door: infra.MakeDoor) -> None:
    matching = await door("matching")         # a Door on a fresh, migrated database, at 2026-03-02T09:00Z
    async with tx.transaction(matching) as t: ...
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from deploy.local.databases import Store
from shared import tx
from shared.clock import SteppedClock
from tests import infra

BEGINNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap servers of the run's broker."""
    with infra.kafka_address() as address:
        yield address


@pytest.fixture(scope="session")
def postgres() -> Iterator[infra.Databases]:
    """The run's database server."""
    with infra.postgres_dsn() as dsn:
        yield infra.Databases(dsn)


@pytest.fixture
def topic_prefix() -> str:
    """Put before every topic and group of one test."""
    return f"t{uuid.uuid4().hex[:10]}-"


@pytest_asyncio.fixture
async def database(postgres: infra.Databases) -> AsyncIterator[infra.MakeDatabase]:
    """`await database("matching")`: the addresses of a fresh, migrated database of that service."""
    made = []

    async def make(service: str) -> Store:
        store = await postgres.fresh(service)
        made.append(store)
        return store

    yield make
    for store in made:
        await postgres.drop(store)


@pytest_asyncio.fixture
async def pool(database: infra.MakeDatabase) -> AsyncIterator[infra.MakePool]:
    """`await pool("matching")`: connections to a fresh database as the role that runs the service."""
    made: list[tx.Pool] = []

    async def make(service: str) -> tx.Pool:
        store = await database(service)
        made.append(await infra.connect(store.dsn))
        return made[-1]

    yield make
    for one in made:
        one.terminate()


@pytest_asyncio.fixture
async def door(pool: infra.MakePool, topic_prefix: str) -> infra.MakeDoor:
    """`await door("matching")`: a Door on a fresh database, with a stepped clock at BEGINNING."""

    async def make(service: str) -> tx.Door:
        clock = SteppedClock()
        clock.set(BEGINNING)
        return tx.Door(service, await pool(service), clock, tx.Bell(), topic_prefix)

    return make

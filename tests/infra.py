"""Where the tests' servers come from, and a fresh database for each test.

The servers are started once and shared. Each database is a copy of one that was migrated once per service.
`deploy.local.servers` decides where servers come from; where there is none the tests fail with its sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import asyncpg

from deploy.local import databases, kafka, leftovers, postgres, servers
from deploy.local.child import Trouble
from deploy.local.databases import Store
from shared import migrate, tx

ROOT = Path(__file__).parents[1]

MakeDatabase: TypeAlias = Callable[[str], Awaitable[Store]]
MakePool: TypeAlias = Callable[[str], Awaitable[tx.Pool]]
MakeDoor: TypeAlias = Callable[[str], Awaitable[tx.Door]]


@contextlib.contextmanager
def kafka_address() -> Iterator[str]:
    """The bootstrap servers of a real broker for this run."""
    source = servers.kafka_source(os.environ)
    if source == "given":
        yield str(servers.given_kafka(os.environ))
    elif source == "embedded":
        with _home("tests-kafka") as home:
            broker = kafka.Broker(home / "kafka", notes=home / "pids", log=home / "kafka.log")
            broker.start()
            try:
                yield broker.address
            finally:
                broker.stop()
    else:
        container, address = servers.kafka_container()
        with container:
            _until(lambda: kafka.answers(address), f"Kafka in Docker on {address}")
            yield address


@contextlib.contextmanager
def postgres_dsn() -> Iterator[str]:
    """The address of a real database server, for a role that may make databases and roles."""
    source = servers.postgres_source(os.environ)
    if source == "given":
        yield next(iter(servers.given_databases(os.environ).values()))
    elif source == "embedded":
        with _home("tests-postgres") as home:
            server = postgres.Server(
                home / "postgres", notes=home / "pids", log=home / "postgres.log", durable=False
            )
            server.start()
            try:
                yield server.dsn()
            finally:
                server.stop()
    else:
        container, dsn = servers.postgres_container()
        address = dsn.rpartition("@")[2].partition("/")[0]
        with container:
            _until(lambda: postgres.answers(address), f"PostgreSQL in Docker on {address}")
            yield dsn


@dataclass
class Databases:
    """Makes databases on one server, each for one test, and drops them again."""

    admin_dsn: str
    _templates: dict[str, str] = field(default_factory=dict)

    async def fresh(self, service: str) -> Store:
        """An empty, migrated database of a service; of "plumbing" with the tables of `shared/sql` alone."""
        if service not in self._templates:
            self._templates[service] = await self._template(service)
        name = f"test_{service}_{uuid.uuid4().hex[:12]}"
        return await databases.make(self.admin_dsn, service, name, template=self._templates[service])

    async def drop(self, store: Store) -> None:
        await databases.drop(self.admin_dsn, store.name)

    async def close(self) -> None:
        for name in self._templates.values():
            await databases.drop(self.admin_dsn, name)

    async def unmigrated(self, service: str) -> Store:
        """A database of a service with nothing in it."""
        await databases.make_roles(self.admin_dsn, service)
        name = f"template_{service}_{uuid.uuid4().hex[:12]}"
        return await databases.make(self.admin_dsn, service, name)

    async def _template(self, service: str) -> str:
        store = await self.unmigrated(service)
        await migrate.migrate(store.owner_dsn, ROOT / "services" / service, databases.app_role(service))
        return store.name


async def connect(dsn: str) -> tx.Pool:
    """A small pool of connections."""
    return await asyncpg.create_pool(dsn, min_size=1, max_size=8, command_timeout=10)


async def eventually(true: Callable[[], bool], what: str, *, within_s: float = 30.0) -> None:
    """Returns as soon as the condition holds; fails the test when it does not get there."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        await asyncio.sleep(0.01)


@contextlib.contextmanager
def _home(purpose: str) -> Iterator[Path]:
    home = leftovers.temporary_home(purpose)
    try:
        yield home
    finally:
        leftovers.remove(home)


def _until(answers: Callable[[], bool], server: str, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not answers():
        if time.monotonic() > deadline:
            raise Trouble(f"{server} did not answer within {timeout_s:.0f} s.")
        time.sleep(0.2)

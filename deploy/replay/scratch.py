"""Fresh databases to rebuild into: beside the live one on a server of our own, else one that was named."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import asyncpg

from deploy.local import databases, stores
from deploy.local.child import Trouble
from deploy.local.databases import Store
from shared.clock import SteppedClock
from shared.tx import Bell, Connection, Door

STATEMENT_TIMEOUT_S = 600.0
ANEW = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
FAST = {"timezone": "UTC", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Place:
    """Where fresh databases may be: on the server of `admin_dsn`, or in the one database `into`."""

    admin_dsn: str | None
    into: str | None = None
    keep: bool = False

    def check(self) -> None:
        """Raises Trouble where there is no place."""
        if self.admin_dsn is None and self.into is None:
            raise Trouble(
                "These databases are on a server that is not this stack's own: make an empty database there "
                "and name it with --into postgresql://owner:password@host/database."
            )


@asynccontextmanager
async def fresh(place: Place, service: str) -> AsyncIterator[Store]:
    """An empty, migrated database of a service; at the end it is gone, or empty again. Raises Trouble."""
    place.check()
    store = await _made(place, service)
    try:
        await stores.migrate_all({service: store})
        yield store
    finally:
        if not place.keep:
            await _unmade(place, store)


@asynccontextmanager
async def door(store: Store, service: str) -> AsyncIterator[Door]:
    """A way into a fresh database for a service's handlers, on a clock that is told the time."""
    pool = await asyncpg.create_pool(
        store.dsn, min_size=1, max_size=4, command_timeout=STATEMENT_TIMEOUT_S, server_settings=FAST
    )
    try:
        yield Door(service, pool, SteppedClock(), Bell())
    finally:
        pool.terminate()


@asynccontextmanager
async def snapshot(dsn: str) -> AsyncIterator[Connection]:
    """A connection that sees one moment of a database, however long it looks. Raises Trouble."""
    settings = {"timezone": "UTC"}
    try:
        conn = await asyncpg.connect(
            dsn, timeout=10, command_timeout=STATEMENT_TIMEOUT_S, server_settings=settings
        )
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise Trouble(f"The database does not answer ({error or type(error).__name__}).") from error
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            await conn.fetchval("SELECT pg_current_snapshot()")
            yield conn
    finally:
        await conn.close(timeout=10)


async def _made(place: Place, service: str) -> Store:
    if place.into is None:
        assert place.admin_dsn is not None
        name = f"mentoring_{service}_replay_{uuid.uuid4().hex[:8]}"
        return await databases.make(place.admin_dsn, service, name)
    parts = urlsplit(place.into)
    store = Store(parts.path.lstrip("/"), place.into, place.into, unquote(parts.username or ""))
    try:
        await stores.require_empty({service: store})
    except (OSError, asyncpg.PostgresError, ValueError) as error:
        raise Trouble(f"The database of --into cannot be used ({error}).") from error
    return store


async def _unmade(place: Place, store: Store) -> None:
    if place.into is None:
        assert place.admin_dsn is not None
        await databases.drop(place.admin_dsn, store.name)
        return
    conn = await asyncpg.connect(store.owner_dsn, timeout=10)
    try:
        await conn.execute(ANEW)
    finally:
        await conn.close(timeout=10)

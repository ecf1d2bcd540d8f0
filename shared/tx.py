"""The one transaction behind every door, and the only place that commits.

A transaction may write rows and say events. What is said becomes outbox rows of the same transaction, just
before the commit: so it is said if and only if it is committed. Loops are woken after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, cast
from uuid import UUID

import asyncpg

from shared import crash, envelope, outbox
from shared.clock import Clock
from shared.errors import Transient
from shared.events import Event

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

WRITTEN_AT_ONCE = 500
"""Events that are written without a pause: some milliseconds."""
BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.TransactionRollbackError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    ConnectionError,
    TimeoutError,
)
AWAY = (asyncpg.PostgresError, asyncpg.InternalClientError, asyncpg.InterfaceError, OSError)
"""All the ways in which a connection is not to be had: also a server that answers and lets nobody in."""


def is_broken(error: BaseException, conn: Connection) -> bool:
    """Whether the store failed, not the statement. InterfaceError means either: the connection tells."""
    if isinstance(error, asyncpg.InterfaceError):
        return _is_gone(conn)
    return isinstance(error, BROKEN)


def _is_gone(conn: Connection) -> bool:
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken a connection back at once because it broke
        return True


@dataclass(frozen=True)
class Door:
    """What it takes to open a transaction: the store, the clock, the name said in events, whom to wake."""

    service: str
    pool: Pool
    clock: Clock
    bell: Bell
    topic_prefix: str = ""
    acquire_timeout_s: float = 5.0


@dataclass(eq=False)
class Bell:
    """Wakes the loops of this process after a commit. Each listener has its own event: no wake-up is lost."""

    _listeners: list[asyncio.Event] = field(default_factory=list)

    def listener(self) -> asyncio.Event:
        event = asyncio.Event()
        self._listeners.append(event)
        return event

    def ring(self) -> None:
        for event in self._listeners:
            event.set()


@dataclass(eq=False)
class Tx:
    """One unit of work. `now` is business time, `cause` the event being handled, where there is one."""

    conn: Connection
    now: datetime
    service: str
    cause: envelope.Envelope | None = None
    actor: str | None = None
    _said: list[outbox.Said] = field(default_factory=list)

    def emit(self, event: Event) -> UUID:
        """Says an event at the commit, after what was said before it. Returns the event's id."""
        return self.say(outbox.said(event, self.service, self._trace()))

    def forget(self, kind: type[Event], key: str) -> UUID:
        """Says at the commit that a compacted topic is to forget a key, after what was said of it before."""
        return self.say(outbox.forgotten(kind, key, self.service, self._trace(), at=self.now))

    def say(self, said: outbox.Said) -> UUID:
        """Says something that is already in its envelope."""
        self._said.append(said)
        return said.id

    async def act_as(self, actor: str) -> None:
        """Names to the store whoever this is done for, until the transaction ends."""
        self.actor = actor
        await self.conn.fetchval("SELECT set_config('mentoring.actor', $1, true)", actor)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that can fail alone: its rows and what it said are undone, the rest stays."""
        before, self._said = self._said, []
        try:
            async with self.conn.transaction():
                yield
        except BaseException:
            self._said = []
            raise
        finally:
            self._said = before + self._said

    def _trace(self) -> envelope.Trace:
        trace = envelope.TRACE.get() or envelope.new_trace()
        if self.cause is None:
            return trace
        heard = self.cause.trace
        return envelope.Trace(heard.traceparent, heard.correlation_id, self.cause.id)

    async def flush(self) -> Sequence[UUID]:
        """Writes what was said as outbox rows, in a savepoint what was said in it. For the plumbing alone."""
        said, self._said = self._said, []
        if len(said) > WRITTEN_AT_ONCE:
            # One statement takes its keys in this order. So do several: no two ever wait for each other.
            said.sort(key=lambda one: (one.topic, one.key))
        for first in range(0, len(said), WRITTEN_AT_ONCE):
            await outbox.write(self.conn, said[first : first + WRITTEN_AT_ONCE])
        return [one.id for one in said]


@asynccontextmanager
async def transaction(door: Door, work: str = "door") -> AsyncIterator[Tx]:
    """Opens the unit of work; commits when the block ends, rolls back when it raises.

    Raises Transient where the store could not be reached, broke, or chose this transaction as the victim of
    a deadlock: nothing happened then, or it happened whole, and trying again is safe behind a unique key.
    `work` names its crash points.
    """
    conn = await crash.around(f"{work}.acquire", acquire(door))
    try:
        async with crash.within(f"{work}.tx", conn.transaction()):
            tx = Tx(conn, door.clock.now(), door.service)
            yield tx
            await crash.around(f"{work}.flush", tx.flush())
    except Exception as error:
        if is_broken(error, conn):
            raise Transient(f"{type(error).__name__}: {error}") from error
        raise
    finally:
        await crash.around(f"{work}.release", _release(door, conn))
    door.bell.ring()


@asynccontextmanager
async def snapshot(door: Door) -> AsyncIterator[Connection]:
    """A connection for whoever only looks: all it reads is of one moment, and it can write nothing.

    Raises Transient where the store could not be reached or broke.
    """
    async with lent(door) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        yield conn


@asynccontextmanager
async def lent(door: Door) -> AsyncIterator[Connection]:
    """A connection of the pool for as long as the block lasts, outside transactions. Raises Transient."""
    conn = await acquire(door)
    try:
        yield conn
    except Exception as error:
        if is_broken(error, conn):
            raise Transient(f"{type(error).__name__}: {error}") from error
        raise
    finally:
        await _release(door, conn)


async def _release(door: Door, conn: Connection) -> None:
    """Gives a connection back. One that broke meanwhile is the pool's trouble: the work is done or undone."""
    with suppress(*AWAY):
        await door.pool.release(conn)  # type: ignore[arg-type]


async def acquire(door: Door) -> Connection:
    """A connection of the pool, to be released to it. Raises Transient."""
    try:
        return cast(Connection, await door.pool.acquire(timeout=door.acquire_timeout_s))
    except AWAY as error:
        raise Transient(f"the store is away: {type(error).__name__}: {error}") from error

"""Where the campaign takes place: the whole company on the wall clock, with wires that can be cut."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local import ports, programs, stack
from deploy.local.databases import SERVICES
from deploy.local.stack import Stack
from deploy.local.supervise import Part
from shared.tx import AWAY
from tests.chaos import witness
from tests.chaos.wire import Wire

SERVERS = ("kafka", "kafka-controller", "postgres", "mail")
REPLICAS = 2
BACK_WITHIN_S = 60.0
SAID = "SELECT coalesce(sum(last), 0)::bigint FROM outbox_sequence WHERE topic = 'person-changed'"
HEARD = "SELECT coalesce(sum(version), 0)::bigint FROM person"
GONE = (
    OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError,
    asyncpg.InternalClientError, asyncpg.OperatorInterventionError, asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
)  # fmt: skip
"""What becomes of a statement when its server, or its turn, is taken away."""
GIVEN = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL_")


@dataclass(eq=False)
class Stage:
    """The running company and its wires. `told` is what its supervisor said, with the second."""

    company: Stack
    wires: Mapping[str, Wire]
    told: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def owners(self) -> dict[str, str]:
        return {service: store.owner_dsn for service, store in self.company.stores.items()}

    @property
    def processes(self) -> list[Part]:
        """All programs of ours: every replica and the live worker."""
        return [*(part for service in SERVICES for part in self.replicas(service)), self.live]

    @property
    def live(self) -> Part:
        return self.company.parts[programs.LIVE]

    def replicas(self, service: str) -> list[Part]:
        return [self.company.part(service, n) for n in range(len(self.company.http[service]))]

    async def kill(self, part: Part) -> None:
        """kill -9, and wait until the supervisor has it back and it can do its work."""
        killed = part.kill()
        self.kills[part.name] += 1
        await until(lambda: part.child.pid not in (None, killed), f"{part.name} is started again")
        await self.back(part)

    async def back(self, part: Part) -> None:
        """Returns when the part can do its work. Asks in a thread: its answer may need our own loop."""
        deadline = time.monotonic() + BACK_WITHIN_S
        while not (part.child.alive and await asyncio.to_thread(part.answers)):
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{part.name} is not back within {BACK_WITHIN_S:g} s; see {part.child.log}"
                )
            await asyncio.sleep(0.05)

    async def superuser(self, service: str) -> asyncpg.Connection:
        """As `owner`, for what takes more rights: ending the connection of another role."""
        store = self.company.stores[service]
        state = json.loads((self.company.directory / "state.json").read_text())
        password = (Path(state["postgres_home"]) / "password").read_text()
        host = store.owner_dsn.rpartition("@")[2]
        return await self._connected(f"postgresql://postgres:{password}@{host}")

    async def owner(self, service: str) -> asyncpg.Connection:
        """Our own way into a store, past the wires; to be closed. Waits while the server is away."""
        return await self._connected(self.owners[service])

    async def ask(self, service: str, query: str, *arguments: object) -> Any:
        """The first value of a query sent by the owner, as often as it takes to get an answer."""
        deadline = time.monotonic() + BACK_WITHIN_S
        while True:
            conn = await self.owner(service)
            try:
                return await conn.fetchval(query, *arguments)
            except GONE:
                if time.monotonic() > deadline:
                    raise
            finally:
                conn.terminate()
            await asyncio.sleep(0.1)

    async def change(self, service: str, statements: str) -> None:
        """Carries statements out as the owner, at a moment in which nobody writes to their tables; whoever is
        faster is not held up."""
        deadline = time.monotonic() + BACK_WITHIN_S
        while True:
            conn = await self.owner(service)
            try:
                await conn.execute(f"SET lock_timeout = '1s'; {statements}")
                return
            except GONE:
                if time.monotonic() > deadline:
                    raise
            finally:
                conn.terminate()
            await asyncio.sleep(0.1)

    async def behind(self) -> int:
        """How many changes of people the slowest listener has not heard; 0 while nobody can say."""
        try:
            heard = [await self._counted(service, HEARD) for service in ("scheduling", "notifications")]
            return await self._counted("matching", SAID) - min(heard)
        except AWAY:
            return 0

    async def _counted(self, service: str, query: str) -> int:
        conn = await asyncpg.connect(self.owners[service], timeout=2, command_timeout=5)
        try:
            many: int = await conn.fetchval(query)
        finally:
            conn.terminate()
        return many

    async def _connected(self, dsn: str) -> asyncpg.Connection:
        deadline = time.monotonic() + BACK_WITHIN_S
        while True:
            try:
                return await asyncpg.connect(dsn, timeout=5, command_timeout=15)
            except AWAY:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.1)


async def until(holds: Callable[[], bool], what: str, *, within_s: float = BACK_WITHIN_S) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        await asyncio.sleep(0.02)


async def until_async(holds: Callable[[], Awaitable[bool]], what: str, *, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not await holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        await asyncio.sleep(0.1)


@asynccontextmanager
async def up(directory: Path, tell: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Two replicas of each service, the live worker, both wires open, witnesses in place, nothing said."""
    places = [programs.place(service, n) for service in SERVICES for n in range(REPLICAS)]
    *between, base = [*ports.free(2), _block(len(SERVERS) + len(places))]
    wires = {
        "kafka": Wire(between[0], base),
        "postgres": Wire(between[1], base + SERVERS.index("postgres")),
    }
    for wire in wires.values():
        wire.start()
    try:
        async with stack.running(
            directory,
            replicas=dict.fromkeys(SERVICES, REPLICAS),
            port_base=base,
            fresh=True,
            env={name: value for name, value in os.environ.items() if not name.startswith(GIVEN)},
            by_way_of={name: wire.port for name, wire in wires.items()},
            tell=tell,
        ) as company:
            stage = Stage(company, wires, company.told)
            await witness.install(stage.owners)
            yield stage
    finally:
        for wire in wires.values():
            wire.stop()


def _block(many: int) -> int:
    """The first of so many free ports in a row."""
    while True:
        (first,) = ports.free(1)
        if all(ports.is_free(first + place) for place in range(many)):
            return first

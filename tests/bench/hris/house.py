"""What the measurements stand on: real servers, a company in the table, matching as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import asyncpg
import psutil

from deploy.local import databases, ports
from deploy.local.databases import Store
from services.matching import commands, store
from services.matching.core.sources import Opener
from services.matching.hris import credentials
from shared import topics, tx
from shared.clock import WallClock
from tests.bench import ground
from tests.bench.hris import staff
from tests.bench.hris.clients import Clients
from tests.bench.hris.served import Held

KEY = "a key for links in the bench"
SCIM, WEBHOOK = "okta", "core"
READY_S = 60.0
T = TypeVar("T")


@dataclass(frozen=True)
class Sizes:
    """People in the table, those of the look-ups, and how much is sent; `clients` at a time."""

    people: int = 50_000
    looked_up: int = 100_000
    events: int = 2_000
    batched: int = 12_000
    batch: int = 40
    requests: int = 2_000
    noted: int = 200
    lookups: int = 1_000
    pages: int = 60
    rows: int = 100_000
    leavers: int = 20
    clients: int = 8


@dataclass
class House:
    """Servers, and databases with a company in them, each made once and copied."""

    ground: ground.Ground
    sizes: Sizes
    tell: Callable[[str], None]
    filled: dict[int, Store] = field(default_factory=dict)
    filling_s: dict[int, float] = field(default_factory=dict)
    _prepared: dict[tuple[int, object], Any] = field(default_factory=dict)

    async def company(self, people: int) -> Store:
        """A fresh database with so many people, hired by facts through the one way in."""
        if people not in self.filled:
            self.filled[people] = await self._fill(people)
        name = f"matching_{uuid.uuid4().hex[:10]}"
        admin = self.ground.admin_dsn
        return await databases.make(admin, "matching", name, template=self.filled[people].name)

    async def once(self, people: int, prepare: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        """Prepares the company that others are copied from; a second time it only tells what it told."""
        if (people, prepare) not in self._prepared:
            await self.ground.drop(await self.company(people))
            self._prepared[people, prepare] = await prepare(self.filled[people])
        return self._prepared[people, prepare]  # type: ignore[no-any-return]

    async def opener_of(self, made: Store, source: str, kind: Opener) -> str:
        """A fresh token or secret of a source in that database."""
        conn = await asyncpg.connect(made.dsn)
        try:
            async with conn.transaction():
                unit = tx.Tx(conn, credentials.wall_now(), "matching")
                found = await credentials.rotate(unit, source, kind, key=KEY, days=None, overlap=timedelta())
        finally:
            await conn.close()
        return found.value

    async def _fill(self, people: int) -> Store:
        made = await self.ground.store("matching", ground.ROOT / "services" / "matching")
        pool = await asyncpg.create_pool(made.dsn, min_size=1, max_size=2)
        door = tx.Door("matching", pool, WallClock(), tx.Bell())
        for name, kind in ((SCIM, "scim"), (WEBHOOK, "webhook")):
            async with tx.transaction(door) as unit:
                await store.sources.add(unit.conn, credentials.new_source(name, kind))  # type: ignore[arg-type]
        began = time.monotonic()
        for facts in staff.chunks(people, SCIM):
            async with tx.transaction(door) as unit:
                await commands.facts.take(unit, facts)
        self.filling_s[people] = time.monotonic() - began
        await staff.forget_what_was_said(pool)
        await pool.close()
        await _as_owner(made, "VACUUM ANALYZE")
        return made

    @contextlib.asynccontextmanager
    async def serving(self, made: Store) -> AsyncIterator[Matching]:
        """Matching as one process on that database."""
        prefix = f"b{uuid.uuid4().hex[:8]}-"
        await topics.ensure(self.ground.kafka, prefix)
        (port,) = ports.free(1)
        probe, log = self.ground.home / f"{prefix}probe", self.ground.home / f"{prefix}log"
        env = {
            "MENTORING_DSN": made.dsn,
            "MENTORING_KAFKA": self.ground.kafka,
            "MENTORING_TOPIC_PREFIX": prefix,
            "MENTORING_HTTP_PORT": str(port),
            "MENTORING_LINK_KEY": KEY,
            "MENTORING_REQUESTS_PER_MINUTE_MAX": "10000000",
            "MENTORING_HRIS_REQUESTS_PER_MINUTE_MAX": "10000000",
            "MENTORING_LOG_LEVEL": "WARNING",
            "BENCH_PROBE": str(probe),
        }
        command = [sys.executable, "-m", "tests.bench.hris.served"]
        process = self.ground.start(command, log, **env)
        try:
            base = f"http://127.0.0.1:{port}"
            await _ready(base, process, log)
            async with Clients.of(base, self.sizes.clients) as clients:
                yield Matching(self, made, clients, process.pid, Held(probe))
        finally:
            ground.end(process)


@dataclass(frozen=True)
class Matching:
    """A running process, and eight clients of it."""

    house: House
    store: Store
    clients: Clients
    pid: int
    held: Held

    def cpu_s(self) -> float:
        """Processor time of the process so far."""
        used = psutil.Process(self.pid).cpu_times()
        return float(used.user + used.system)

    async def opener(self, source: str, kind: Opener) -> str:
        return await self.house.opener_of(self.store, source, kind)

    async def until(self, question: str, wanted: object, timeout_s: float = 120.0) -> None:
        """Until the store answers so."""
        conn = await asyncpg.connect(self.store.owner_dsn)
        deadline = time.monotonic() + timeout_s
        try:
            while await conn.fetchval(question) != wanted:
                if time.monotonic() > deadline:
                    raise ground.Failed(f"not within {timeout_s:.0f} s: {question} is {wanted}")
                await asyncio.sleep(0.01)
        finally:
            await conn.close()


async def _as_owner(made: Store, statement: str) -> None:
    conn = await asyncpg.connect(made.owner_dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def _ready(base: str, process: Any, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    async with aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{base}/livez") as answer:
                    if answer.status == 200:
                        return
            if process.poll() is not None or time.monotonic() > deadline:
                said = await asyncio.to_thread(log.read_text, errors="replace")
                raise ground.Failed(f"matching does not answer: {said[-2000:]}")
            await asyncio.sleep(0.1)


Measure = Callable[[House], Coroutine[Any, Any, Any]]

"""One miniature: a speaker and a listener on stores, topics and a group of their own, and their checker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.databases import Store
from deploy.local.stores import SAID_COPY
from shared import topics
from shared.relay import LEADER_LOCK
from tests import infra
from tests.chaos.miniature import lives, phrases
from tests.chaos.miniature.books import Books
from tests.chaos.miniature.guarantees import Ledger, broken
from tests.chaos.miniature.phrases import COMPLETED, ENDED, MADE
from tests.chaos.miniature.processes import Nursery, Process, arm

KEYS = 24
QUIET_S = 40.0
"""D7 allows 10 s for the outbox and 30 s for the lag after the last fault."""
POLL_S = 0.03
OUST = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objid = $1 AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
GIVE_BACK = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = $2"


@dataclass(eq=False)
class Pair:
    """Speaks through `order`, looks through `books`. `env` is what all its processes are told."""

    nursery: Nursery
    folder: Path
    stores: dict[str, Store]
    env: dict[str, str]
    books: Books
    admin_dsn: str
    chance: random.Random
    speaker: Process | None = None
    listener: Process | None = None
    guests: list[asyncio.Task[None]] = field(default_factory=list)
    _lives: int = 0
    _keys: int = field(default=1000)

    async def born(self, role: str, *armed: str, **env: str) -> Process:
        """A new process of that role that will be killed at the armed points."""
        self._lives += 1
        wanted = {**self.env, "MENTORING_DSN": self.stores[role].dsn, "ORDERS": str(self.folder), **env}
        points = self.folder / f"{role}-{self._lives}"
        for point in armed:
            arm(points, point, "kill")
        return await self.nursery.born(role, wanted, self.folder / f"{role}.log", points)

    async def speak(self, *armed: str, **env: str) -> Process:
        self.speaker = await self.born("speaker", *armed, **env)
        return self.speaker

    async def listen(self, *armed: str, **env: str) -> Process:
        self.listener = await self.born("listener", *armed, **env)
        return self.listener

    def order(self, *events: tuple[str, str], aside: bool = False) -> None:
        """One transaction of the speaker that says these (topic, key)."""
        with (self.folder / "orders").open("a") as file:
            file.write(json.dumps({"events": events, "aside": aside}) + "\n")

    def order_some(self, many: int = 3) -> None:
        """Transactions about known matches, of all three kinds."""
        for _ in range(many):
            key = phrases.a_match(self.chance.randrange(KEYS))
            self.order((MADE, key), (COMPLETED, key), (ENDED, key), (COMPLETED, key))

    def a_new_key(self) -> str:
        self._keys += 1
        return phrases.a_match(self._keys)

    async def poison(self, *keys: str) -> None:
        await self.books.heard.executemany("INSERT INTO poison VALUES ($1)", [(key,) for key in keys])

    async def make_due(self) -> None:
        await self.books.heard.execute(
            "UPDATE parked SET next_attempt_at = now() WHERE event_id IS NOT NULL AND state <> 'behind'"
        )

    async def mend(self) -> None:
        """No poison, no stop; every parked event that can be applied is, in the end."""
        heard = self.books.heard
        await heard.execute("DELETE FROM poison")
        orphans = await heard.fetch("SELECT DISTINCT key FROM parked WHERE topic = $1", COMPLETED)
        for row in orphans:
            self.order((MADE, row["key"]))

        async def applied() -> bool:
            await self.make_due()
            many: int = await heard.fetchval("SELECT count(*) FROM parked WHERE event_id IS NOT NULL")
            return many == 0

        await until(applied, "what was parked is applied")

    async def resume(self) -> None:
        await self.books.heard.execute("UPDATE consumer_state SET stopped_at = NULL, stopped_reason = NULL")

    async def cut_off(self, role: str) -> None:
        """Ends every connection of a role's processes to their store."""
        store = self.stores[role]
        await self._administer(GIVE_BACK, store.name, store.app_role)

    async def shut(self, role: str, *, allowed: bool) -> None:
        """Lets nobody in any more, or again; who is in is thrown out."""
        store, word = self.stores[role], "GRANT" if allowed else "REVOKE"
        way = "TO" if allowed else "FROM"
        await self._administer(f'{word} CONNECT ON DATABASE "{store.name}" {way} "{store.app_role}"')
        if not allowed:
            await self.cut_off(role)

    async def _administer(self, statement: str, *arguments: Any) -> None:
        conn = await asyncpg.connect(self.admin_dsn)
        try:
            await conn.execute(statement) if not arguments else await conn.fetch(statement, *arguments)
        finally:
            await conn.close()

    async def say_garbage(self) -> None:
        """A record that is no event of ours, on a partition of its own choice."""
        await self.books.garbage(self.env["MENTORING_KAFKA"], self.chance.randrange(6))

    @contextlib.asynccontextmanager
    async def another_leader(self) -> AsyncIterator[None]:
        """While it lasts somebody else holds the lock of the speaker's relay."""
        conn = await asyncpg.connect(self.stores["speaker"].dsn)
        try:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                await conn.execute(OUST, LEADER_LOCK)
            yield
        finally:
            await conn.close()

    async def a_guest(self) -> None:
        """A member of the group comes, takes its share of the partitions, reads nothing, and leaves."""
        guest = AIOKafkaConsumer(
            *(self.env["MENTORING_TOPIC_PREFIX"] + kind.topic() for kind in phrases.KINDS),
            bootstrap_servers=self.env["MENTORING_KAFKA"],
            group_id=f"{self.env['MENTORING_TOPIC_PREFIX']}plumbing",
            enable_auto_commit=False,
            session_timeout_ms=10_000,
        )
        try:
            await guest.start()
        finally:
            await guest.stop()

    async def findings(self, within_s: float = QUIET_S) -> list[str]:
        """What is wrong once all is quiet, or when the time for that is over."""
        deadline = time.monotonic() + within_s
        was_quiet = False  # what was on its way between two parts of one look is there at the next
        while True:
            ledger = await self.books.ledger()
            found = broken(ledger)
            quiet = self._is_quiet(ledger, found)
            if (quiet and (was_quiet or not found)) or time.monotonic() > deadline:
                return found
            was_quiet = quiet
            await asyncio.sleep(POLL_S)

    async def wrong_already(self) -> list[str]:
        """What may not be even while all is on its way."""
        return [one for one in broken(await self.books.ledger()) if one.startswith(("D1", "D3", "D6"))]

    def _is_quiet(self, ledger: Ledger, found: Sequence[str]) -> bool:
        orders = lives.lines_of(self.folder / "orders")
        wanted = sum(len(json.loads(line)["events"]) for line in orders)
        return len(ledger.said) == wanted and not any(one.startswith("D7") for one in found)


async def until(condition: Any, what: str, within_s: float = QUIET_S) -> None:
    deadline = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        await asyncio.sleep(POLL_S)


def make_room(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("orders", "acknowledged"):
        (folder / name).touch()


@contextlib.asynccontextmanager
async def pair(
    nursery: Nursery, servers: tuple[str, infra.Databases], folder: Path, seed: int
) -> AsyncIterator[Pair]:
    """A pair whose processes are not started yet; all that it makes is gone afterwards, but its logs."""
    kafka, databases = servers
    prefix = f"m{uuid.uuid4().hex[:10]}-"
    make_room(folder)
    await topics.ensure(kafka, prefix, phrases.KINDS)
    stores = {role: await databases.fresh("plumbing") for role in ("speaker", "listener")}
    said, heard = [await asyncpg.connect(stores[role].owner_dsn) for role in ("speaker", "listener")]
    await said.execute(SAID_COPY + lives.SPEAKER_TABLES)
    await heard.execute(lives.LISTENER_TABLES)
    reader = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    books = Books(said, heard, reader, admin, prefix, folder / "acknowledged")
    await books.open()
    env = {"MENTORING_KAFKA": kafka, "MENTORING_TOPIC_PREFIX": prefix}
    made = Pair(nursery, folder, stores, env, books, databases.admin_dsn, random.Random(seed))
    try:
        yield made
    finally:
        for process in (made.speaker, made.listener):
            if process is not None and process.alive:
                await process.kill()
        await books.close()
        for store in stores.values():
            await databases.drop(store)

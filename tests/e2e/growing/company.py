"""Scheduling and analytics as real processes, several of each, under a steady load that the test says itself.

The load goes the product's own way: a transaction on matching's store, its outbox, the relay, Kafka. No other
process runs, so what is measured is theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
import asyncpg

from deploy.local import databases, ports, programs
from deploy.local.databases import SERVICES, Store
from deploy.local.demo.proof import HEARD
from deploy.local.home import Home
from deploy.local.programs import Wiring
from deploy.local.supervise import Part, Supervisor, stop_all
from shared import relay, topics
from shared.topics import PARTITIONS
from tests import infra
from tests.e2e.growing import groups, load

GROWING = ("scheduling", "analytics")
REPLICAS_MAX = 3
OUT_OF_ORDER = """
SELECT count(*) FROM (
    SELECT sequence, row_number() OVER (PARTITION BY topic, key ORDER BY applied_at, event_id) AS place
    FROM inbox
) heard WHERE sequence <> place
"""
SAID_IN_ALL = "SELECT topic, sum(last)::int AS many FROM outbox_sequence GROUP BY topic"
HEARD_IN_ALL = "SELECT topic, count(*)::int AS many FROM inbox GROUP BY topic"
HEARD_BY = """
SELECT event_id, topic, key, sequence, record_time, applied_at FROM inbox WHERE record_time >= $1
"""
LEADER = """
SELECT client_port FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE datname = $1 AND locktype = 'advisory' AND granted AND objid = $2
"""


@dataclass(frozen=True)
class Pause:
    """The longest time from a record to its effect on one partition of a service, of so many events."""

    service: str
    partition: int
    seconds: float
    events: int


@dataclass(eq=False)
class Company:
    """`parts` are all processes there may be by name ("analytics-2"), `stores` the owners' connections,
    `server` the superuser's, `groups` what the broker tells."""

    wiring: Wiring
    parts: Mapping[str, Part]
    stores: Mapping[str, asyncpg.Connection]
    server: asyncpg.Connection
    groups: groups.Groups
    load: load.Load
    told: list[str] = field(default_factory=list)

    def replicas(self, service: str) -> list[Part]:
        return [self.parts[programs.place(service, number)] for number in range(REPLICAS_MAX)]

    def running(self, service: str) -> list[str]:
        return [part.name for part in self.replicas(service) if part.child.alive]

    async def run(self, service: str, replicas: int) -> None:
        """Starts or stops processes until there are so many, and waits until they share the partitions."""
        wanted, rest = self.replicas(service)[:replicas], self.replicas(service)[replicas:]
        await asyncio.gather(*(part.ready() if part.wanted else part.start() for part in wanted))
        for part in rest:
            if part.wanted:
                await part.stop()
                await self.groups.dismiss(service, part.name)
        await self.shared_by(service, replicas)

    async def shared_by(self, service: str, replicas: int) -> None:
        async def shared() -> bool:
            found = await self.groups.owners(service)
            return len(found.members) == replicas and all(found.members.values())

        await eventually(shared, f"{service}'s partitions are shared by {replicas}")

    async def leader(self, service: str) -> Part | None:
        """The process whose relay leads, None between two: the lock's connection comes from its port."""
        port = await self.server.fetchval(LEADER, self.wiring.stores[service].name, relay.LEADER_LOCK)
        led = [part for part in self.replicas(service) if port in groups.ports_of(part.child.pid)]
        return led[0] if led else None

    async def settled(self) -> None:
        """Everything that was said is sent, read and applied, and the group's offsets say so."""

        async def nothing_waits() -> bool:
            outboxes = [await conn.fetchval("SELECT count(*) FROM outbox") for conn in self.stores.values()]
            return not any(outboxes) and not any([await self.groups.lag(service) for service in GROWING])

        await eventually(nothing_waits, "outboxes are empty and the lag is 0")

    async def wrong(self) -> list[str]:
        """What each service's inbox lacks, has too much of, or has in another order than it was said in."""
        said: dict[str, int] = {}
        for conn in self.stores.values():
            said |= {row["topic"]: row["many"] for row in await conn.fetch(SAID_IN_ALL)}
        found = []
        for service in GROWING:
            conn = self.stores[service]
            heard = {row["topic"]: row["many"] for row in await conn.fetch(HEARD_IN_ALL)}
            ids = {row["event_id"] for row in await conn.fetch("SELECT event_id FROM inbox")}
            wanted = {topic: many for topic, many in said.items() if topic in HEARD[service]}
            lost = {one for topic, those in self.load.said.items() if topic in wanted for one in those} - ids
            counts = {
                "lost": len(lost),
                "out of order": await conn.fetchval(OUT_OF_ORDER),
                "parked": await conn.fetchval("SELECT count(*) FROM parked"),
            }
            found += [f"{service}: {many} {what}" for what, many in counts.items() if many]
            found += [f"{service}: {heard} heard of {wanted}"] if heard != wanted else []
        return found

    async def pauses(self, service: str, since: datetime) -> list[Pause]:
        """By partition: the longest time from a record to its effect, among the records since a moment."""
        worst: dict[int, list[float]] = {number: [] for number in range(PARTITIONS)}
        for row in await self.stores[service].fetch(HEARD_BY, since):
            partition = relay.partition_of(row["key"], PARTITIONS)
            worst[partition].append((row["applied_at"] - row["record_time"]).total_seconds())
        return [
            Pause(service, number, max(delays, default=0.0), len(delays)) for number, delays in worst.items()
        ]

    def applied_by(self, service: str) -> dict[str, int]:
        """How many events each process says it has handled, from its own log."""
        return {part.name: sum(_handled(part.child.log)) for part in self.replicas(service)}

    async def console(self, replica: int) -> int:
        """The status with which a process of analytics answers who opens the console's programme page."""
        url = f"{self.wiring.http['analytics'][replica]}/console?token={self.wiring.tokens.admin}"
        jar = aiohttp.CookieJar(unsafe=True)  # it would keep no cookie of a host without a name
        async with aiohttp.ClientSession(cookie_jar=jar) as client, client.get(url) as answer:
            return answer.status


def _handled(log: Path) -> list[int]:
    if not log.exists():
        return []
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return [line["events"] for line in lines if line.get("action") == "heard"]


async def eventually(true: Callable[[], Awaitable[object]], what: str, *, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not await true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def founded(kafka: str, postgres: infra.Databases, prefix: str, folder: Path) -> AsyncIterator[Company]:
    """The company with its stores, topics and load, and none of its processes started yet."""
    home = Home(folder)
    stores = {service: await postgres.fresh(service) for service in SERVICES}
    await topics.ensure(kafka, prefix)
    wiring = _wiring(home, kafka, prefix, stores)
    parts = {part.name: part for part in programs.parts(wiring)}
    async with contextlib.AsyncExitStack() as ends:
        ends.push_async_callback(_dropped, postgres, list(stores.values()))
        conns = {}
        for service, store in stores.items():
            conns[service] = await asyncpg.connect(store.owner_dsn)
            ends.push_async_callback(conns[service].close)
        server = await asyncpg.connect(postgres.admin_dsn)
        ends.push_async_callback(server.close)
        told = await ends.enter_async_context(groups.opened(kafka, prefix))
        flow = await ends.enter_async_context(load.flowing(wiring))
        company = Company(wiring, parts, conns, server, told, flow)
        ends.push_async_callback(stop_all, list(parts.values()))
        supervisor = Supervisor(list(parts.values()), company.told.append, lambda: None)
        watching = asyncio.create_task(supervisor.watch())
        ends.callback(watching.cancel)
        yield company


async def _dropped(postgres: infra.Databases, stores: Sequence[Store]) -> None:
    for store in stores:
        await databases.drop(postgres.admin_dsn, store.name)


def _wiring(home: Home, kafka: str, prefix: str, stores: Mapping[str, Store]) -> Wiring:
    many = {service: REPLICAS_MAX if service in GROWING else 1 for service in SERVICES}
    free = iter(ports.free(sum(many.values())))
    http = {
        service: tuple(f"http://{ports.HOST}:{next(free)}" for _ in range(count))
        for service, count in many.items()
    }
    key = "a key for tests only, thirty-two"
    return Wiring(home, kafka, prefix, stores, http, 1, key, programs.new_tokens(home), "wall")

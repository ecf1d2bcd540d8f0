"""The live worker on a real broker: a process of its own, counted against what was really sent."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from services.analytics import jobs
from services.analytics.core import live as core
from services.analytics.store import live as store
from shared import envelope, topics
from shared.clock import WallClock
from shared.events import Event
from shared.outbox import said
from shared.tx import Bell, Door, Pool
from tests import infra
from tests.integration.analytics.builders import made, proposed, sent
from tests.integration.analytics.processes import environment, running, until

Counts = Counter[tuple[str, datetime]]


@dataclass
class World:
    """A stack as the live worker sees it, and the count of what was sent: by topic and window."""

    env: dict[str, str]
    log: Path
    prefix: str
    door: Door
    producer: AIOKafkaProducer
    sent: Counts

    async def send(self, events: Sequence[Event], *, at: datetime) -> None:
        """Sends events as the relay does, with a record time of their own, and remembers them as applied."""
        for event in events:
            one = said(event, "matching", envelope.new_trace())
            heard = envelope.Envelope(one.id, one.type, one.source, one.key, one.time, 0, one.trace)
            await self.producer.send_and_wait(
                self.prefix + one.topic,
                one.payload,
                key=one.key.encode(),
                headers=envelope.to_headers(heard),
                timestamp_ms=int(at.timestamp() * 1000),
            )
            await self.door.pool.execute(
                "INSERT INTO inbox (event_id, topic, key, sequence, record_time) VALUES ($1, $2, $3, 0, $4)",
                *(one.id, one.topic, one.key, at),
            )
            self.sent[one.topic, core.window_of(at)] += 1

    async def send_what_cannot_be_read(self) -> None:
        topic = self.prefix + "match-made"
        await self.producer.send_and_wait(topic, b"{", key=b"k")
        await self.producer.send_and_wait(topic, b"{}", key=b"k", headers=[("ce_id", b"\xff")])
        await self.producer.send_and_wait(topic, None, key=b"k")

    async def counted(self) -> Counts:
        rows = await self.door.pool.fetch("SELECT topic, starts_at, counted FROM live_window")
        return Counter({(row["topic"], row["starts_at"]): row["counted"] for row in rows if row["counted"]})

    async def all_counted(self) -> bool:
        """Whether each window has all that was sent in it; what was read twice may be counted twice."""
        return self.sent <= await self.counted()

    async def shown(self) -> Counts:
        async with self.door.pool.acquire() as conn:
            found = await store.windows(conn, since=datetime.now(UTC) - timedelta(minutes=5))  # type: ignore[arg-type]
        return Counter({(one.topic, one.starts_at): one.events for one in found if one.events})


@pytest.fixture
async def world(
    database: infra.MakeDatabase, kafka: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[World]:
    analytics = await database("analytics")
    await topics.ensure(kafka, topic_prefix)
    pool: Pool = await infra.connect(analytics.dsn)
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        yield World(
            env=environment(dsn=analytics.dsn, kafka=kafka, prefix=topic_prefix, folder=tmp_path),
            log=tmp_path / "live.log",
            prefix=topic_prefix,
            door=Door("analytics", pool, WallClock(), Bell(), topic_prefix),
            producer=producer,
            sent=Counter(),
        )
    finally:
        await producer.stop()
        pool.terminate()


def a_few(many: int, *, start: int = 0) -> list[Event]:
    return [
        proposed(f"mentee {number}", "Max") if number % 3 else made(f"mentee {number}", "Max")
        for number in range(start, start + many)
    ]


async def test_L1_the_live_windows_are_what_was_sent_by_record_time(world: World) -> None:
    now = core.window_of(datetime.now(UTC))
    chance = random.Random(5)

    async def equal() -> bool:
        return await world.counted() == world.sent

    async with running("live", world.env, world.log):
        await world.send_what_cannot_be_read()
        for back in (30, 20, 10, 0):
            at = now - timedelta(seconds=back) + timedelta(seconds=chance.uniform(0, 9.9))
            await world.send(a_few(12, start=back), at=at)
        await until(equal, "live windows without what cannot be read")


async def test_L1_after_a_kill_counts_go_on_and_closed_windows_equal_sql_again(world: World) -> None:
    at = datetime.now(UTC) - timedelta(seconds=25)
    async with running("live", world.env, world.log) as worker:
        await world.send(a_few(20), at=at)
        await until(world.all_counted, "the first counts")
        worker.kill()
        await worker.wait()
    await world.send([*a_few(6, start=20), *(sent("Ada", number, due=1) for number in range(5))], at=at)
    async with running("live", world.env, world.log) as worker:
        # Who was killed in the middle of a rebalance is waited for before the group goes on.
        await until(
            world.all_counted,
            "counts that go on in the same window, from the table's changelog",
            timeout_s=90.0,
        )
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 10) == 0
    await jobs.reconcile(world.door, at + timedelta(seconds=4 * core.WINDOW_S))
    assert await world.shown() == world.sent

"""D6 and D7's lag: what groups have committed, asked of Kafka itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.tx import AWAY
from tests.chaos.checker.evidence import HEARD, Place
from tests.chaos.checker.finding import Finding, Stated, found, stated
from tests.chaos.checker.topics import Tail

EVERY_S = 2.0
ASK_S = 5.0
NEITHER = """
SELECT r.place FROM unnest($1::int[], $2::uuid[], $3::text[], $4::int[], $5::bigint[])
     AS r (place, event_id, topic, partition, record_offset)
WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.event_id = r.event_id)
  AND NOT EXISTS (SELECT FROM parked p WHERE p.event_id = r.event_id)
  AND NOT EXISTS (SELECT FROM parked p WHERE p.topic = r.topic AND p.partition = r.partition
                  AND p.record_offset = r.record_offset)
"""

Connect = Callable[[str], Awaitable[asyncpg.Connection]]


async def committed(broker: str, group: str) -> dict[tuple[str, int], int]:
    """The committed offset of each partition of a group. Raises KafkaError, OSError, TimeoutError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker, request_timeout_ms=int(ASK_S * 1000))
    try:
        await asyncio.wait_for(admin.start(), ASK_S)
        found_offsets = await asyncio.wait_for(admin.list_consumer_group_offsets(group), ASK_S)
    finally:
        with suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(admin.close(), ASK_S)
    return {(part.topic, part.partition): at.offset for part, at in found_offsets.items()}


async def ends(broker: str, topics: frozenset[str]) -> dict[tuple[str, int], int]:
    """Where each partition of the topics ends now. Raises KafkaError, OSError, TimeoutError."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, group_id=None, request_timeout_ms=int(ASK_S * 1000))
    try:
        await asyncio.wait_for(consumer.start(), ASK_S)
        await consumer._client.force_metadata_update()
        parts = [
            TopicPartition(topic, n) for topic in topics for n in consumer.partitions_for_topic(topic) or ()
        ]
        found_ends = await asyncio.wait_for(consumer.end_offsets(parts), ASK_S)
    finally:
        with suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(consumer.stop(), ASK_S)
    return {(part.topic, part.partition): end for part, end in found_ends.items()}


@dataclass(eq=False)
class Sampler:
    """Looks again and again, while everything fails, whether an offset was committed before its records were
    applied. `samples` counts looks, `looked_at` records; a look while a server is away counts nothing."""

    broker: str
    tail: Tail
    connect: Connect
    samples: int = 0
    looked_at: int = 0
    ahead: set[str] = field(default_factory=set)
    _checked: dict[tuple[str, str, int], int] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def stated(self) -> Stated:
        findings: list[Finding] = found("lost", "offsets were committed before their record", self.ahead)
        return stated(f"D6 committed ≤ applied, {self.samples} samples", self.looked_at, findings)

    async def _watch(self) -> None:
        while True:
            for service in HEARD:
                with suppress(KafkaError, *AWAY):
                    await self.sample(service)
            await asyncio.sleep(EVERY_S)

    async def sample(self, service: str) -> None:
        """First the offsets, then the store: whatever was committed by then has to be there."""
        offsets = await committed(self.broker, service)
        conn = await self.connect(service)
        try:
            await self.look(conn, service, offsets)
        finally:
            conn.terminate()

    async def look(
        self, conn: asyncpg.Connection, service: str, offsets: Mapping[tuple[str, int], int]
    ) -> None:
        """Notes what lies before these offsets and is neither applied nor parked."""
        fresh = self._before(service, offsets)
        rows = await conn.fetch(NEITHER, list(range(len(fresh))), *_columns(fresh))
        self.ahead.update(f"{service} {fresh[row['place']][1]}" for row in rows)
        self.samples += 1
        self.looked_at += len(fresh)
        for (topic, partition), offset in offsets.items():
            read = self.tail.positions.get((topic, partition), 0)
            self._checked[service, topic, partition] = min(offset, read)

    def _before(self, service: str, offsets: Mapping[tuple[str, int], int]) -> list[tuple[object, Place]]:
        """Ids and places of the records before the committed offsets that no look has seen yet."""
        fresh: list[tuple[object, Place]] = []
        for (topic, partition), offset in offsets.items():
            done = self._checked.get((service, topic, partition), 0)
            records = self.tail.records.get((topic, partition), ())
            for place in range(len(records) - 1, -1, -1):
                record = records[place]
                if record.offset < done:
                    break
                if record.offset < offset:
                    fresh.append((record.event_id, (topic, partition, record.offset)))
        return fresh


def _columns(fresh: list[tuple[object, Place]]) -> tuple[list[object], ...]:
    places = [place for _, place in fresh]
    return [one for one, _ in fresh], *([place[n] for place in places] for n in range(3))

"""Gathers a ledger from the stores and the broker by queries of its own: no process is asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from tests.chaos.miniature import phrases
from tests.chaos.miniature.guarantees import Key, Ledger, Parked, Place

SAID = "SELECT event_id::text, topic, key FROM said"
APPLIED = "SELECT event_id::text AS id FROM inbox"
EFFECTS = "SELECT topic, key, ordinal FROM effect ORDER BY id"
TALLIES = "SELECT topic, key, many, total FROM tally"
PARKED = """
SELECT event_id::text, topic, partition, record_offset, key, state FROM parked
WHERE state <> 'dropped' ORDER BY id
"""


@dataclass(eq=False)
class Books:
    """What the harness reads with. `heard` and `said` are connections as the owners of the two stores."""

    said: asyncpg.Connection
    heard: asyncpg.Connection
    reader: AIOKafkaConsumer
    admin: AIOKafkaAdminClient
    prefix: str
    acknowledged: Path
    _records: dict[Place, dict[int, str | None]] = field(default_factory=lambda: defaultdict(dict))

    async def open(self) -> None:
        await self.reader.start()
        places = [
            TopicPartition(self.prefix + kind.topic(), number)
            for kind in phrases.KINDS
            for number in range(6)
        ]
        self.reader.assign(places)
        await self.admin.start()

    async def close(self) -> None:
        await self.reader.stop()
        await self.admin.close()
        await self.said.close()
        await self.heard.close()

    async def ledger(self) -> Ledger:
        """Committed offsets are read first, the listener after the broker and the speaker last.

        So nothing that is done meanwhile looks as if it had run ahead of what it follows from.
        """
        committed = await self._committed()
        await self._read_topics()
        acknowledged = frozenset(self.acknowledged.read_text().split())
        async with self.heard.transaction(isolation="repeatable_read", readonly=True):
            applied = frozenset(row["id"] for row in await self.heard.fetch(APPLIED))
            parked = [Parked(*row) for row in await self.heard.fetch(PARKED)]
            effects = [tuple(row) for row in await self.heard.fetch(EFFECTS)]
            tallies = await self._tallies()
        said = {row["event_id"]: (row["topic"], row["key"]) for row in await self.said.fetch(SAID)}
        return Ledger(
            said=said,
            applied=applied,
            parked=parked,
            acknowledged=acknowledged,
            effects=effects,
            tallies=tallies,
            records={place: dict(of) for place, of in self._records.items()},
            committed=committed,
            outbox=await self.said.fetchval("SELECT count(*) FROM outbox"),
        )

    async def _tallies(self) -> dict[Key, tuple[int, int]]:
        rows = await self.heard.fetch(TALLIES)
        return {(row["topic"], row["key"]): (row["many"], row["total"]) for row in rows}

    async def _committed(self) -> dict[Place, int]:
        try:
            found = await self.admin.list_consumer_group_offsets(f"{self.prefix}plumbing")
        except GroupCoordinatorNotAvailableError:  # the broker is just making its topic of offsets
            return {}
        return {(tp.topic.removeprefix(self.prefix), tp.partition): meta.offset for tp, meta in found.items()}

    async def _read_topics(self) -> None:
        ends = await self.reader.end_offsets(list(self.reader.assignment()))
        behind = {tp: end for tp, end in ends.items() if self._next(tp) < end}
        while behind:
            batch = await self.reader.getmany(*behind, timeout_ms=1000)
            for tp, records in batch.items():
                for record in records:
                    event = dict(record.headers).get("ce_id")
                    place = (tp.topic.removeprefix(self.prefix), tp.partition)
                    self._records[place][record.offset] = event.decode() if event else None
            behind = {tp: end for tp, end in behind.items() if self._next(tp) < end}

    def _next(self, tp: TopicPartition) -> int:
        return max(self._records.get((tp.topic.removeprefix(self.prefix), tp.partition), {}), default=-1) + 1

    async def garbage(self, kafka: str, partition: int) -> None:
        """Puts a record on a topic that is no event of ours."""
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        await producer.start()
        try:
            await producer.send_and_wait(self.prefix + phrases.ENDED, b"\xff\x00", partition=partition)
        finally:
            await producer.stop()

"""The breaker's stop holds for a member that has just joined: it applies nothing, and passes nothing over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from shared import apply, consumer, inbox, parked, tx
from shared.progress import Progress
from tests.integration.shared.plumbing import Listener, a_match, ended, recorded
from tests.integration.shared.test_carrying import PlumbingSettings, until

PLACE = TopicPartition("match-ended", 0)


@dataclass
class Raw:
    """A record as the client library hands it out."""

    offset: int
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    topic: str = PLACE.topic
    partition: int = PLACE.partition
    timestamp: int = 1_772_000_000_000


@dataclass
class JustJoined:
    """A membership that is assigned a partition during its first `getmany`, which hands records out at once:
    nobody could pause it before. A real broker does this when it likes.
    """

    records: list[Raw]
    at: int = 0
    asked: int = 0
    paused: bool = False
    assigned: set[TopicPartition] = field(default_factory=set)

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def pause(self, *places: TopicPartition) -> None:
        self.paused = self.paused or PLACE in places

    def resume(self, *places: TopicPartition) -> None:
        self.paused = self.paused and PLACE not in places

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.at = offset

    async def position(self, place: TopicPartition) -> int:
        return self.at

    def highwater(self, place: TopicPartition) -> int:
        return len(self.records)

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        assert offsets

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Raw]]:
        await asyncio.sleep(timeout_ms / 10_000)
        self.asked += 1
        self.assigned = {PLACE}
        if self.paused or self.at == len(self.records):
            return {}
        handed, self.at = self.records[self.at :], len(self.records)
        return {PLACE: handed}


async def test_a_key_with_a_zero_byte_can_be_kept(listener: Listener) -> None:
    settings = PlumbingSettings(dsn=listener.dsn, kafka="127.0.0.1:1")
    listening = consumer.Listening(listener.door, listener.ears(), settings, Progress())
    record = listening.record_of(Raw(0, b"\x00\x07", (), b"not an event"))
    await listening.consumer.stop()
    outcome = await apply.apply_batch(listener.door, listener.ears(), [record], listening.breaker)
    assert outcome.outcomes == ("failed",)


async def test_D6_a_member_that_joins_while_a_stop_stands_applies_nothing_and_passes_nothing_over(
    listener: Listener,
) -> None:
    match = a_match()
    heard = [recorded(ended(match, version), version - 1) for version in (1, 2, 3)]
    joined: Any = JustJoined([Raw(one.offset, one.key.encode(), one.headers, one.value) for one in heard])
    async with tx.transaction(listener.door) as t:
        await inbox.stop(t.conn, "50 in a row")
    settings = PlumbingSettings(dsn=listener.dsn, kafka="127.0.0.1:1")
    listening = consumer.Listening(listener.door, listener.ears(), settings, Progress())
    never_started, listening.consumer = listening.consumer, joined
    await never_started.stop()
    stopping = asyncio.Event()
    work = asyncio.create_task(consumer._listen(listening, stopping))
    await until(lambda: joined.asked >= 2)
    assert (await listener.effects(match), joined.at) == ([], 0)
    async with tx.transaction(listener.door) as t:
        await parked.resume(t.conn, by="a test")

    async def applied() -> bool:
        return await listener.effects(match) == [1, 2, 3]

    await until(applied)
    stopping.set()
    await work

"""All records of all topics, read by a plain consumer that belongs to no group."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.chaos.checker.evidence import HEARD, Record

FETCH_MS = 500
AGAIN_S = 0.5
STOP_S = 5.0
TOPICS = frozenset(topic for topics in HEARD.values() for topic in topics)


class Tail:
    """Reads along until it is stopped; what it has read stands in `records`, without gaps.

    `known_by` names for each topic the fields that tell a fact: they are kept of each record.
    """

    def __init__(self, broker: str, known_by: Mapping[str, tuple[str, ...]]) -> None:
        self.records: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.positions: dict[tuple[str, int], int] = {}
        self.known_by = known_by
        self._broker = broker
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._read_along())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def caught_up(self, ends: Mapping[tuple[str, int], int], *, within_s: float = 60.0) -> None:
        """Returns when everything before these offsets was read. Raises TimeoutError."""
        deadline = time.monotonic() + within_s
        while any(self.positions.get(place, 0) < end for place, end in ends.items()):
            if self._task is not None and self._task.done():
                self._task.result()
            if time.monotonic() > deadline:
                raise TimeoutError(f"the topics could not be read within {within_s:g} s")
            await asyncio.sleep(0.05)

    async def _read_along(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._broker, group_id=None, enable_auto_commit=False,
                auto_offset_reset="earliest", request_timeout_ms=10_000,
            )  # fmt: skip
            try:
                await asyncio.wait_for(consumer.start(), 15)
                await self._read(consumer)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(AGAIN_S * 1.0)
            finally:
                with suppress(KafkaError, OSError, TimeoutError):
                    await asyncio.wait_for(consumer.stop(), STOP_S)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        parts = [
            TopicPartition(topic, n) for topic in TOPICS for n in await self._partitions(consumer, topic)
        ]
        consumer.assign(parts)
        for part in parts:
            consumer.seek(part, self.positions.get((part.topic, part.partition), 0))
        while True:
            for part, raws in (await consumer.getmany(timeout_ms=FETCH_MS)).items():
                place = (part.topic, part.partition)
                self.records[place] += [self._record(part.topic, raw) for raw in raws]
                self.positions[place] = raws[-1].offset + 1

    async def _partitions(self, consumer: AIOKafkaConsumer, topic: str) -> set[int]:
        found = consumer.partitions_for_topic(topic)
        if found is None:
            await consumer._client.force_metadata_update()
            found = consumer.partitions_for_topic(topic)
        if found is None:
            raise KafkaError(f"no partitions of {topic} are known yet")
        return found

    def _record(self, topic: str, raw: Any) -> Record:
        headers = dict(raw.headers)
        key = raw.key.decode() if raw.key else ""
        try:
            event_id, told = UUID(headers["ce_id"].decode()), json.loads(raw.value)
        except (KeyError, ValueError, TypeError):
            return Record(raw.offset, None, key, 0, ("?", (raw.value or b"").decode("utf-8", "replace")))
        fact = (topic, *(str(told.get(name)) for name in self.known_by.get(topic, ())))
        return Record(raw.offset, event_id, key, int(headers.get("ce_sequence", b"0")), fact)

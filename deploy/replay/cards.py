"""Cards out of compacted topics: the service's own handlers, then each table compared with the live one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.child import Trouble
from deploy.replay import comparing, scratch
from deploy.replay.comparing import Verdict
from services.analytics import consumers as analytics
from services.notifications import consumers as notifications
from services.scheduling import consumers as scheduling
from shared import apply, envelope
from shared.breaker import Breaker
from shared.events import Event
from shared.inbox import Record
from shared.service import Card, Handler
from shared.topics import PARTITIONS
from shared.tx import Connection, Door

KEPT: Mapping[str, tuple[Sequence[Card], Mapping[type[Event], Handler]]] = {
    "scheduling": (scheduling.CARDS, scheduling.CONSUMERS),
    "notifications": (notifications.CARDS, notifications.CONSUMERS),
    "analytics": (analytics.CARDS, analytics.CONSUMERS),
}
"""What each service keeps of compacted topics, by which handlers. Matching keeps nothing: it says them."""
TIMEOUT_S = 30.0
FETCH_MS = 500
RECORDS_AT_ONCE = 500


@dataclass(frozen=True)
class Topics:
    """Where the topics are, and what the service's consumers had committed before the snapshot was taken."""

    kafka: str
    prefix: str
    service: str
    committed: Mapping[TopicPartition, int]

    @property
    def cards(self) -> Sequence[Card]:
        return KEPT[self.service][0]

    @property
    def ears(self) -> apply.Ears:
        """Hears the topics of cards alone, and what their tombstones say."""
        handlers = KEPT[self.service][1]
        kinds = [card.event for card in self.cards]
        kinds += [kind.tombstone for kind in kinds if kind.tombstone is not None]
        return apply.Ears.of(self.service, {kind: handlers[kind] for kind in kinds})


async def topics(kafka: str, prefix: str, service: str) -> Topics:
    """To be asked before the snapshot: what is committed by now is in it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(f"{prefix}{service}")
    finally:
        await admin.close()
    return Topics(kafka, prefix, service, {tp: place.offset for tp, place in found.items()})


async def rebuild(live: Connection, fresh: Door, of: Topics, step: Callable[[int], None]) -> set[str]:
    """Applies the topics to a fresh store, from their beginning to their end.

    Returns the keys that are in motion: the live service may not have applied their newest record yet.
    """
    in_motion: set[str] = set()
    consumer = AIOKafkaConsumer(bootstrap_servers=of.kafka, enable_auto_commit=False)
    await asyncio.wait_for(consumer.start(), TIMEOUT_S)
    try:
        places = await _places(consumer, of)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(tp) < ends[tp] for tp in places]):
            fetched = await consumer.getmany(timeout_ms=FETCH_MS, max_records=RECORDS_AT_ONCE)
            raws = [raw for tp, found in fetched.items() for raw in found if raw.offset < ends[tp]]
            in_motion |= await _apply(live, fresh, of, raws)
            step(len(raws))
    finally:
        await asyncio.wait_for(consumer.stop(), TIMEOUT_S)
    return in_motion


async def _places(consumer: AIOKafkaConsumer, of: Topics) -> list[TopicPartition]:
    """All partitions of the topics, at their beginning."""
    names = [of.prefix + card.event.topic() for card in of.cards]
    there = await consumer.topics()
    missing = [name for name in names if name not in there]
    if missing:
        raise Trouble(f"The topics {', '.join(missing)} are not there: see `mentoring migrate`.")
    places = [TopicPartition(name, number) for name in names for number in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    return places


async def _apply(live: Connection, fresh: Door, of: Topics, raws: Sequence[Any]) -> set[str]:
    """Applies what the live service must have applied, too; returns the keys of the rest."""
    records = [_record(raw, of.prefix) for raw in raws if raw.key]
    ids = {_place(record): _event_id(record) for record in records}
    known = await _in_inbox(live, [one for one in ids.values() if one is not None])
    expected, in_motion = [], set()
    for record in records:
        at = TopicPartition(of.prefix + record.topic, record.partition)
        if record.offset < of.committed.get(at, 0) or ids[_place(record)] in known:
            expected.append(record)
        else:
            in_motion.add(record.key)
    await apply.apply_batch(fresh, of.ears, expected, Breaker())
    return in_motion


def _record(raw: Any, prefix: str) -> Record:
    return Record(
        topic=raw.topic.removeprefix(prefix),
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key.decode("utf-8", "replace"),
        headers=tuple((name, value or b"") for name, value in raw.headers),
        value=raw.value,
        time=datetime.fromtimestamp(raw.timestamp / 1000, UTC),
    )


def _place(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _event_id(record: Record) -> UUID | None:
    try:
        if record.value is None:
            return envelope.of_tombstone(record.headers).id
        return envelope.from_record(record.headers, record.value)[0].id
    except envelope.Malformed:
        return None


async def _in_inbox(live: Connection, event_ids: Sequence[UUID]) -> set[UUID]:
    rows = await live.fetch("SELECT event_id FROM inbox WHERE event_id = ANY ($1::uuid[])", event_ids)
    return {row["event_id"] for row in rows}


async def verdicts(live: Connection, store_dsn: str, of: Topics, in_motion: set[str]) -> list[Verdict]:
    async with scratch.snapshot(store_dsn) as rebuilt:
        return [
            await comparing.compare(
                live, rebuilt, comparing.table(card.table, card.key, card.but), except_keys=in_motion
            )
            for card in of.cards
        ]

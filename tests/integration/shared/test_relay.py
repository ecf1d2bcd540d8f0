"""The relay's rounds: one batch for a partition, one refused partition, one frozen leader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import MessageSizeTooLargeError
from pydantic import SecretStr

from shared import consumer, outbox, relay, topics, tx
from shared.events import MatchDeclined, MatchEnded
from shared.progress import Progress
from tests.integration.shared.plumbing import Listener, a_match, declined, ended
from tests.integration.shared.test_carrying import PlumbingSettings, until

HALF_A_BATCH = 400_000


@pytest.fixture
async def producer(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(
        bootstrap_servers=kafka, acks="all", enable_idempotence=True, max_batch_size=1 << 20
    )
    await made.start()
    yield made
    await made.stop()


async def carry(listener: Listener, producer: AIOKafkaProducer) -> int:
    prefix = listener.door.topic_prefix
    async with listener.door.pool.acquire() as conn:
        return await relay.Carrier(conn, producer, Progress(), prefix, 500).round()  # type: ignore[arg-type]


async def test_a_round_sends_one_batch_to_a_partition_and_leaves_the_rest_for_the_next(
    listener: Listener, producer: AIOKafkaProducer, kafka: str, topic_prefix: str
) -> None:
    await topics.ensure(kafka, topic_prefix, (MatchEnded,))
    match = a_match()
    async with tx.transaction(listener.door) as t:
        for version in range(1, 6):
            t.emit(ended(match, version, reason="x" * HALF_A_BATCH))
    assert [await carry(listener, producer) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_round_takes_no_more_bytes_than_it_may_hold(
    listener: Listener,
    producer: AIOKafkaProducer,
    kafka: str,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await topics.ensure(kafka, topic_prefix, (MatchEnded,))
    monkeypatch.setattr(outbox, "ROUND_BYTES_MAX", 3 * HALF_A_BATCH)
    match, other = a_match(), a_match()
    async with tx.transaction(listener.door) as t:
        for number in range(5):
            t.emit(ended(match if number % 2 else other, number, reason="x" * HALF_A_BATCH))
    assert [await carry(listener, producer) for _ in range(4)] == [2, 2, 1, 0]


async def test_what_one_partition_refuses_stays_in_the_outbox_and_the_others_go_on(
    listener: Listener, producer: AIOKafkaProducer, kafka: str, topic_prefix: str
) -> None:
    await topics.ensure(kafka, topic_prefix, (MatchEnded,))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    narrow = NewTopic(f"{topic_prefix}match-declined", 6, 1, topic_configs={"max.message.bytes": "100"})
    await admin.create_topics([narrow])
    await admin.close()
    async with tx.transaction(listener.door) as t:
        t.emit(declined(a_match()))
        t.emit(ended(a_match()))
    with pytest.raises(MessageSizeTooLargeError):
        await carry(listener, producer)
    left = await listener.door.pool.fetch("SELECT topic FROM outbox")
    assert [row["topic"] for row in left] == [MatchDeclined.topic()]


async def test_a_leader_that_asks_nothing_for_long_leads_no_longer(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "LEADER_IDLE_S", 1)
    settings = PlumbingSettings(dsn=SecretStr(listener.dsn), kafka="")

    async def leads() -> bool:
        async with relay._leading(settings) as conn:
            return conn is not None

    async with relay._leading(settings) as frozen:
        assert frozen is not None
        assert not await leads()
        await until(leads)


async def test_what_is_in_hand_when_the_process_ends_does_not_count_as_done(
    listener: Listener, producer: AIOKafkaProducer, kafka: str, topic_prefix: str
) -> None:
    """The client's position is behind the records by then: a revocation would commit it."""
    await topics.ensure(kafka, topic_prefix, (MatchEnded,))
    async with tx.transaction(listener.door) as t:
        t.emit(ended(a_match()))
    assert await carry(listener, producer) == 1
    settings = PlumbingSettings(dsn=SecretStr(listener.dsn), kafka=kafka, topic_prefix=topic_prefix)
    listening = consumer.Listening(listener.door, listener.ears(), settings, Progress())
    listening.consumer.subscribe([f"{topic_prefix}match-ended"], listener=listening)
    await listening.consumer.start()
    stopping = asyncio.Event()
    stopping.set()
    fetched = await listening.consumer.getmany(timeout_ms=10_000)
    assert not await consumer._take(listening, fetched, stopping)
    await consumer._note_positions(listening)
    await relay.stop_quietly(listening.consumer)
    assert {tp: listening.done[tp] for tp in fetched} == dict.fromkeys(fetched, 0)


async def test_rows_read_ahead_are_carried_in_order_and_once(
    listener: Listener, producer: AIOKafkaProducer, kafka: str, topic_prefix: str
) -> None:
    await topics.ensure(kafka, topic_prefix, (MatchEnded,))
    match, other = a_match(), a_match()
    async with tx.transaction(listener.door) as t:
        for version in range(1, 6):
            t.emit(ended(match if version % 2 else other, version))
    async with listener.door.pool.acquire() as conn:
        carrier = relay.Carrier(conn, producer, Progress(), topic_prefix, 2)  # type: ignore[arg-type]
        assert await carrier.round() == 2
        assert len(carrier.ahead) == 2
        assert [await carrier.round() for _ in range(3)] == [2, 1, 0]
    assert await listener.door.pool.fetchval("SELECT count(*) FROM outbox") == 0
    assert await _versions(kafka, f"{topic_prefix}match-ended") == [1, 2, 3, 4, 5]


async def test_rows_behind_what_did_not_fit_are_not_read_ahead(
    listener: Listener, producer: AIOKafkaProducer, kafka: str, topic_prefix: str
) -> None:
    """They could be of the same key: it would be heard in the wrong order."""
    await topics.ensure(kafka, topic_prefix, (MatchEnded,))
    match = a_match()
    async with tx.transaction(listener.door) as t:
        for version in range(1, 5):
            t.emit(ended(match, version, reason="x" * HALF_A_BATCH))
    async with listener.door.pool.acquire() as conn:
        carrier = relay.Carrier(conn, producer, Progress(), topic_prefix, 3)  # type: ignore[arg-type]
        assert await carrier.round() == 2
        assert carrier.ahead == ()


async def _versions(kafka: str, topic: str) -> list[int]:
    """Every record of a topic, by the version in it."""
    reader = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await reader.start()
    found: list[int] = []
    try:
        ends = await reader.end_offsets([*reader.assignment()])
        while any([await reader.position(place) < end for place, end in ends.items()]):
            for records in (await reader.getmany(timeout_ms=500)).values():
                found += [json.loads(record.value)["version"] for record in records if record.value]
    finally:
        await reader.stop()
    return sorted(found)

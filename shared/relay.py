"""Carries outbox rows to Kafka, in order, with one leader per database.

The leader holds a session advisory lock on a connection of its own. A round reads the oldest rows, sends them
in batches per partition, waits for every acknowledgement and deletes them. A crash between the two sends rows
again: inboxes drop those. A zombie's late sends are only such repeats, because it never saw newer rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import groupby
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from shared import envelope, log, outbox
from shared.progress import Progress
from shared.settings import Settings
from shared.tx import AWAY, Bell, Connection
from shared.waiting import pause

LEADER_LOCK = 7_011_001
STOP_TIMEOUT_S = 3.0
ACK_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 3.0
BACK_OFF_S = (0.1, 0.5, 1.0, 2.0)


async def run(settings: Settings, bell: Bell, progress: Progress, stopping: asyncio.Event) -> None:
    """Tries to lead, and carries while leading, until `stopping` is set; after trouble it tries again."""
    woken = bell.listener()
    failures = 0
    while not stopping.is_set():
        try:
            async with _leading(settings) as conn:
                if conn is None:
                    progress.broker_ok = await _answers(settings)
                    await pause(1.0, stopping)
                    continue
                async with _producer(settings) as producer:
                    progress.broker_ok = True
                    failures = 0
                    await _carry_on(settings, conn, producer, progress, woken=woken, stopping=stopping)
        except (*AWAY, KafkaError) as error:
            progress.broker_ok = not isinstance(error, (KafkaError, TimeoutError))
            log.warning("relay", outcome="retry", error=f"{type(error).__name__}: {error}")
            await pause(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)], stopping)
            failures += 1


@asynccontextmanager
async def _leading(settings: Settings) -> AsyncIterator[Connection | None]:
    """A connection that holds the leader's lock, or None where another process leads."""
    conn = await asyncpg.connect(
        settings.dsn.get_secret_value(), timeout=5, command_timeout=settings.statement_timeout_s
    )
    try:
        leads = await conn.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK)
        yield conn if leads else None
    finally:
        conn.terminate()


async def _answers(settings: Settings) -> bool:
    """Whether the broker tells of itself: who does not lead sends nothing by which it would know."""
    client = AIOKafkaClient(bootstrap_servers=settings.kafka)
    try:
        await asyncio.wait_for(client.bootstrap(), ANSWER_TIMEOUT_S)
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return True


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        acks="all",
        enable_idempotence=True,
        max_batch_size=1 << 20,
        request_timeout_ms=10_000,
    )
    try:
        await asyncio.wait_for(producer.start(), 10)
        yield producer
    finally:
        await stop_quietly(producer)


async def stop_quietly(client: Any) -> None:
    """Stops an aiokafka client within a limit: with unsent rows and a hanging broker it never ends."""
    try:
        await asyncio.wait_for(client.stop(), STOP_TIMEOUT_S)
    except (TimeoutError, KafkaError, OSError) as error:
        log.warning("kafka-client-stop", outcome="abandoned", error=type(error).__name__)


async def _carry_on(
    settings: Settings,
    conn: Connection,
    producer: AIOKafkaProducer,
    progress: Progress,
    *,
    woken: asyncio.Event,
    stopping: asyncio.Event,
) -> None:
    carry_one = partial(carry, prefix=settings.topic_prefix, rows_max=settings.relay_rows_max)
    while not stopping.is_set():
        woken.clear()
        carried = await carry_one(conn, producer, progress)
        if carried == 0:
            try:
                await asyncio.wait_for(woken.wait(), settings.poll_s)
            except TimeoutError:
                continue


async def carry(
    conn: Connection, producer: AIOKafkaProducer, progress: Progress, *, prefix: str, rows_max: int
) -> int:
    """One round: read, send, await all acknowledgements, delete. Returns how many rows were carried."""
    rows = await outbox.oldest(conn, rows_max)
    if not rows:
        return 0
    counts = {row["topic"]: await partition_count(producer, prefix + row["topic"]) for row in rows}

    def place(row: asyncpg.Record) -> tuple[str, int]:
        return (prefix + row["topic"], partition_of(row["key"].encode(), counts[row["topic"]]))

    acks = []
    for (topic, partition), group in groupby(sorted(rows, key=lambda r: (place(r), r["id"])), key=place):
        acks += await _send(producer, list(group), topic=topic, partition=partition)
    async with asyncio.timeout(ACK_TIMEOUT_S):
        for topic, partition, count, ack in acks:
            record = await ack
            if record.offset >= 0:
                progress.acknowledged(topic, partition, record.offset + count)
    await outbox.delete(conn, [row["id"] for row in rows])
    return len(rows)


async def partition_count(producer: AIOKafkaProducer, topic: str) -> int:
    return len(await producer.partitions_for(topic))


def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's own default: murmur2 of the key, positive, modulo the number of partitions."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


async def _send(
    producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record], *, topic: str, partition: int
) -> list[tuple[str, int, int, asyncio.Future[Any]]]:
    """Sends rows of one partition in as few batches as they fit; returns (topic, partition, count, ack)."""
    sent = []
    batch = producer.create_batch()
    for row in rows:
        fields = {
            "key": row["key"].encode(),
            "value": row["payload"],
            "headers": envelope.to_headers(outbox.envelope_of(row)),
            "timestamp": None,
        }
        if batch.append(**fields) is None:
            count = batch.record_count()
            sent.append(
                (topic, partition, count, await producer.send_batch(batch, topic, partition=partition))
            )
            batch = producer.create_batch()
            if batch.append(**fields) is None:
                raise ValueError(f"outbox row {row['id']} of {topic} is larger than a batch")
    count = batch.record_count()
    sent.append((topic, partition, count, await producer.send_batch(batch, topic, partition=partition)))
    return sent

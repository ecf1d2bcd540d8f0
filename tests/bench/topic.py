"""Fills a topic with the job's events, as the product writes them down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from shared import envelope, relay
from tests.bench import job

PARTITIONS = 6
TYPE = envelope.type_of(job.SessionMeasured.topic(), 1)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def fill(spec: dict[str, Any]) -> dict[str, Any]:
    """`events` events, evenly over the pairs, in the partitions of their keys."""
    producer = AIOKafkaProducer(
        bootstrap_servers=spec["kafka"], acks="all", enable_idempotence=True, max_batch_size=1 << 20
    )
    await producer.start()
    bytes_sent = 0
    try:
        for at in range(0, spec["events"], job.PAIRS):
            bytes_sent += await _fill_some(
                producer, spec["topic"], range(at, min(at + job.PAIRS, spec["events"]))
            )
    finally:
        await producer.stop()
    return {"bytes": bytes_sent, "events": spec["events"]}


async def _fill_some(producer: AIOKafkaProducer, topic: str, numbers: range) -> int:
    by_partition: dict[int, list[int]] = {}
    for number in numbers:
        place = relay.partition_of(str(job.pair(number)), PARTITIONS)
        by_partition.setdefault(place, []).append(number)
    acks, size = [], 0
    for partition, some in by_partition.items():
        batch = producer.create_batch()
        for number in some:
            fields = _fields(number)
            if batch.append(**fields) is None:
                acks.append(await producer.send_batch(batch, topic, partition=partition))
                size += batch.size()
                batch = producer.create_batch()
                batch.append(**fields)
        size += batch.size()
        acks.append(await producer.send_batch(batch, topic, partition=partition))
    for ack in acks:
        await ack
    return size


def _fields(number: int) -> dict[str, Any]:
    key = str(job.pair(number))
    around = envelope.Envelope(
        id=envelope.new_id(),
        type=TYPE,
        source="/mentoring/bench",
        subject=key,
        time=AT,
        sequence=1 + number // job.PAIRS,
        trace=envelope.new_trace(),
    )
    return {
        "key": key.encode(),
        "value": job.payload(number),
        "headers": envelope.to_headers(around),
        "timestamp": None,
    }

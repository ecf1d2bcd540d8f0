"""The Kafka feed of HR facts, through a real broker: taken over once, and what is wrong holds up nobody."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiokafka import AIOKafkaProducer

from services.matching.hris import feed
from services.matching.settings import Settings
from shared import apply, consumer, parked, topics, tx
from shared.progress import Progress
from tests.integration.matching.world import World
from tests.integration.shared.test_carrying import until
from tests.unit.matching.hr_events import a_hire, an_event

EARS = apply.Ears.of("matching", {}, feeds=feed.FEEDS)


async def source(world: World, name: str) -> None:
    made = await world.call("POST", "/v1/hris/sources", {"name": name, "kind": "feed"}, token="hr-admin")
    assert made.status_code == 201, made.text


def from_core(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "source": "core"}


async def write(kafka: str, topic: str, *records: tuple[bytes, list[tuple[str, bytes]]]) -> None:
    """All of them under the key of one person."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        for value, headers in records:
            await producer.send_and_wait(topic, value, key=b"17", headers=headers)
    finally:
        await producer.stop()


def structured(event: dict[str, Any]) -> tuple[bytes, list[tuple[str, bytes]]]:
    return json.dumps(event).encode(), [("content-type", b"application/cloudevents+json")]


def binary(event: dict[str, Any]) -> tuple[bytes, list[tuple[str, bytes]]]:
    told = [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]
    return json.dumps(event["data"]).encode(), [("content-type", b"application/json"), *told]


async def test_facts_of_the_feed_are_taken_over_once_and_a_bad_one_holds_up_nobody(
    here: World, kafka: str, topic_prefix: str
) -> None:
    await topics.ensure(kafka, topic_prefix, ())
    await source(here, "core")
    hire = from_core(a_hire(17))
    lead = from_core(an_event("change", 17, fields={"title": "Lead"}))
    nobodys = {**a_hire(18), "source": "payroll"}
    records = [binary(hire), (b"garbage", []), structured(nobodys), structured(hire), structured(lead)]
    await write(kafka, f"{topic_prefix}hris-events", *records)
    settings = Settings(dsn="unused", kafka=kafka, topic_prefix=topic_prefix)  # type: ignore[arg-type]
    stopping = asyncio.Event()

    async def titles() -> list[str]:
        return [row["title"] for row in await here.door.pool.fetch("SELECT title FROM person ORDER BY 1")]

    async def is_lead() -> bool:
        return await titles() == ["Lead"]

    async def are_two() -> bool:
        return await titles() == ["Design Engineer", "Lead"]

    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.run(here.door, EARS, settings, Progress(), stopping=stopping))
        try:
            await until(is_lead)
            rows = await here.door.pool.fetch("SELECT id, state, error FROM parked ORDER BY record_offset")
            assert [row["state"] for row in rows] == ["unreadable", "early"]
            assert "`mentoring hris source create payroll --kind feed`" in rows[1]["error"]
            await source(here, "payroll")
            async with tx.transaction(here.door) as unit:
                await parked.retry_parked(unit.conn, rows[1]["id"])
            await until(are_two)
        finally:
            stopping.set()
    assert await here.door.pool.fetchval("SELECT count(*) FROM hris_fact") == 3

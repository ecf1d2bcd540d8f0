"""The parts of the job, each alone: reading, decoding, SQL; the statements of a handler; SELECT + DELETE."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from shared import envelope, inbox, outbox, tx
from shared.events import parse_event
from shared.inbox import Record
from tests.bench import job, small

Spec = dict[str, Any]


class Stretch:
    """Wall and CPU time of a stretch of work."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def result(self, events: int, **more: Any) -> dict[str, Any]:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return {"us": wall / events * 1e6, "cpu_us": cpu / events * 1e6, "events": events, **more}


async def records(spec: Spec, seen: Callable[[int], bool] | None = None) -> list[Any]:
    """Kafka's records as the client hands them over; the settings are those of the product."""
    consumer = AIOKafkaConsumer(
        spec["topic"],
        bootstrap_servers=spec["kafka"],
        group_id=f"{spec['group']}-alone",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=job.BATCH,
    )
    await consumer.start()
    found: list[Any] = []
    try:
        while len(found) < spec["events"]:
            fetched = await consumer.getmany(timeout_ms=300, max_records=job.BATCH)
            batch = [raw for part in fetched.values() for raw in part]
            found += batch
            if batch and seen is not None and seen(len(batch)):
                break
    finally:
        await consumer.stop()
    return found[: spec["events"]]


async def read(spec: Spec) -> dict[str, Any]:
    stamps = job.Stamps(spec["events"])
    await records(spec, stamps.stamp)
    return stamps.result()


async def decode(spec: Spec) -> dict[str, Any]:
    """The event by pydantic, and of the headers what the inbox needs: no more."""
    raws = await records(spec)
    job.settle()
    stretch = Stretch()
    for raw in raws:
        job.place(raw)
        parse_event(job.SessionMeasured, raw.value)
    return stretch.result(len(raws))


async def sql(spec: Spec) -> dict[str, Any]:
    raws = await records(spec)
    events = [(job.place(raw), parse_event(job.SessionMeasured, raw.value)) for raw in raws]
    pool = await asyncpg.create_pool(spec["dsn"], min_size=1, max_size=8)
    job.settle()
    stretch = Stretch()
    for batch in (events[at : at + job.BATCH] for at in range(0, len(events), job.BATCH)):
        await job.apply(pool, [where for where, _ in batch], [one for _, one in batch])
    result = stretch.result(len(events))
    pool.terminate()
    return result


async def statements(spec: Spec) -> dict[str, Any]:
    """What the one-event handler sends, without Kafka: all is decoded and encoded before."""
    raws = await records(spec)
    heard = [(_admission(raw), parse_event(job.SessionMeasured, raw.value)) for raw in raws]
    said = [outbox.said(small.counted(event, 1), "bench", envelope.new_trace()) for _, event in heard]
    conn = await asyncpg.connect(spec["dsn"])
    job.settle()
    stretch = Stretch()
    for at in range(0, len(heard), job.BATCH):
        async with conn.transaction():
            await inbox.admit(conn, [admission for admission, _ in heard[at : at + job.BATCH]])
            for _, event in heard[at : at + job.BATCH]:
                sessions = await conn.fetchval(job.LOCK_PAIR, event.match_id)
                await conn.execute(job.COUNT_PAIR, event.match_id, sessions + 1, event.ends_at)
            await outbox.write(conn, said[at : at + job.BATCH])
    result = stretch.result(len(heard))
    conn.terminate()
    return result


def _admission(raw: Any) -> Any:
    where = job.place(raw)
    return (
        where.id,
        where.sequence,
        Record(raw.topic, raw.partition, raw.offset, where.key, (), None, where.time),
    )


async def select_and_delete(spec: Spec) -> dict[str, Any]:
    """The relay's two statements, with nothing in between."""
    pool = await asyncpg.create_pool(spec["dsn"], min_size=1, max_size=8)
    await fill_outbox(pool, spec["events"])
    conn: tx.Connection = await asyncpg.connect(spec["dsn"])
    job.settle()
    stretch, carried = Stretch(), 0
    while rows := await outbox.oldest(conn, job.BATCH):
        await outbox.delete(conn, [row["id"] for row in rows])
        carried += len(rows)
    result = stretch.result(carried)
    conn.terminate()
    pool.terminate()
    return result


async def fill_outbox(pool: tx.Pool, events: int) -> None:
    for at in range(0, events, job.BATCH):
        said = [
            outbox.said(job.event(number), "bench", envelope.new_trace())
            for number in range(at, min(at + job.BATCH, events))
        ]
        async with pool.acquire() as conn, conn.transaction():
            await outbox.write(conn, said)

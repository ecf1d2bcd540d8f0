"""The measured job in Faust with a table: `python -m tests.bench.peer_faust '<json>'`.

The agent counts each event in the table (memory store, changelog on Kafka) and writes the same rows as
everybody, 500 events in one transaction. `take()` would gather them, but a table cannot be changed there. Raw
bytes and pydantic, one partition count, one agent task. Faust commits offsets of what the agent has not
written yet: that is in its favour here.
"""

from __future__ import annotations

import asyncio
import json
import sys
from types import SimpleNamespace
from typing import Any

import asyncpg
import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.events import parse_event
from tests.bench import job

PARTITIONS = 6
TABLE = "days"


class App(faust.App):
    def _create_directories(self) -> None:
        """None: the memory store keeps nothing on disk."""


def build(spec: dict[str, Any], pool: Any, stamps: job.Stamps, enough: asyncio.Event) -> faust.App:
    app = App(
        spec["group"],
        broker=f"kafka://{spec['kafka']}",
        store="memory://",
        topic_partitions=PARTITIONS,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
    )
    table = app.Table(TABLE, default=int, partitions=PARTITIONS)
    records = app.topic(
        spec["topic"],
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=PARTITIONS,
    )

    async def count(stream: Any) -> None:
        taken: list[tuple[job.Place, job.SessionMeasured]] = []
        async for one in stream.events():
            message = one.message
            event = parse_event(job.SessionMeasured, message.value)
            table[f"{event.programme_id}/{job.day(event)}/{message.partition}"] += 1
            taken.append((job.place(_raw(message)), event))
            if len(taken) == job.BATCH:
                last = stamps.stamp(len(taken))
                await job.apply(pool, [where for where, _ in taken], [event for _, event in taken])
                taken.clear()
                if last:
                    enough.set()

    app.agent(records, name="count", concurrency=1)(count)
    return app


async def make_changelog(spec: dict[str, Any]) -> None:
    """The table's topic: made by Faust itself it would be seen too late, after up to five minutes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=spec["kafka"])
    await admin.start()
    name = f"{spec['group']}-{TABLE}-changelog"
    await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs={"cleanup.policy": "compact"})])
    await admin.close()


def _raw(message: Any) -> Any:
    """Faust's message in the words of a Kafka record; its headers are a mapping or pairs."""
    return SimpleNamespace(
        topic=message.topic, key=message.key, headers=message.headers, timestamp=message.timestamp * 1000
    )


async def main(spec: dict[str, Any]) -> None:
    pool = await asyncpg.create_pool(spec["dsn"], min_size=1, max_size=8)
    await make_changelog(spec)
    stamps, enough = job.Stamps(spec["events"]), asyncio.Event()
    app = build(spec, pool, stamps, enough)
    job.settle()
    starting = asyncio.create_task(app.start())
    ended = asyncio.create_task(enough.wait())
    await asyncio.wait({starting, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not enough.is_set():
        await starting
    await ended
    job.report(spec["result"], stamps.result())
    pool.terminate()
    await asyncio.wait([asyncio.create_task(app.stop())], timeout=5)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))

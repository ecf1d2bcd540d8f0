"""The measured job in FastStream, batch mode: `python -m tests.bench.peer_faststream '<json>'`.

Batches of 500 of the typed model, headers through the message, offsets committed after the handler, as its
documentation has it. Its access log is one line a batch, like ours.
"""

from __future__ import annotations

import asyncio
import json
import sys

import asyncpg
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from tests.bench import job


async def main(spec: dict[str, object]) -> None:
    pool = await asyncpg.create_pool(str(spec["dsn"]), min_size=1, max_size=8)
    broker = KafkaBroker(str(spec["kafka"]))
    app = FastStream(broker)
    stamps = job.Stamps(int(str(spec["events"])))

    @broker.subscriber(
        str(spec["topic"]),
        batch=True,
        max_records=job.BATCH,
        batch_timeout_ms=300,
        group_id=str(spec["group"]),
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def on_sessions_measured(events: list[job.SessionMeasured], message: KafkaMessage) -> None:
        last = stamps.stamp(len(events))
        places = [job.place(raw) for raw in message.raw_message]
        await job.apply(pool, places, events)
        if last:
            app.exit()

    job.settle()
    await app.run()
    pool.terminate()
    job.report(str(spec["result"]), stamps.result())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))

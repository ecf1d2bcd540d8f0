"""What one event of each kind costs: to say, to carry, to read and handle in every service, to keep.

Events go through the real services' handlers on real stores. What is measured is CPU, of this process and of
PostgreSQL's, because that is what a machine runs out of; fsync's waiting is not in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.analytics import consumers as analytics
from services.matching import consumers as matching
from services.notifications import consumers as notifications
from services.scheduling import consumers as scheduling
from shared import apply, log, relay, topics
from shared.breaker import Breaker
from shared.clock import SteppedClock
from shared.consumer import Listening
from shared.events import SAID_BY, Event
from shared.progress import Progress
from shared.service import Handler
from shared.settings import Settings
from shared.tx import Bell, Door, transaction
from tests.bench import job, story

Spec = dict[str, Any]
STRANGERS = 1_000_000
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONSUMERS: Mapping[str, Mapping[type[Event], Handler]] = {
    "matching": matching.CONSUMERS,
    "scheduling": scheduling.CONSUMERS,
    "notifications": notifications.CONSUMERS,
    "analytics": analytics.CONSUMERS,
}
KEPT_BYTES = """
SELECT sum(pg_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i')
  AND coalesce(i.indrelid, c.oid) NOT IN ('outbox'::regclass, 'outbox_sequence'::regclass)
"""


class Plain(Settings):
    service = "bench"


@dataclass(frozen=True)
class Heard:
    """Per event: CPU of the service, of its store, and bytes that stay, with inbox and all indices."""

    cpu_us: float
    store_cpu_us: float
    kept_bytes: float


@dataclass(frozen=True)
class Cost:
    """One kind; microseconds and bytes per event."""

    kind: str
    events: int
    say_us: float
    carry_us: float
    topic_bytes: float
    heard_by: Mapping[str, Heard]

    @property
    def cpu_us(self) -> float:
        """All of it, the databases' part included, the broker's not."""
        return self.say_us + self.carry_us + sum(h.cpu_us + h.store_cpu_us for h in self.heard_by.values())


async def costs(spec: Spec) -> dict[str, Any]:
    """The cost of every kind, in story order."""
    found = []
    async with _doors(spec) as doors:
        await _seed_matching(spec["admin"]["matching"], spec["pairs"])
        await topics.ensure(spec["kafka"], spec["prefix"])
        await _warm_up(spec, doors)
        job.settle()
        for kind, events in story.story(spec["pairs"]):
            found.append(asdict(await _cost(spec, doors, kind, events)))
    return {"kinds": found}


async def _warm_up(spec: Spec, doors: Mapping[str, Door]) -> None:
    """Other people and other topics, so that the first kind does not pay for connections and first calls."""
    spec = {**spec, "prefix": f"{spec['prefix']}w-"}
    kind, events = next(story.story(10, first=STRANGERS))
    await topics.ensure(spec["kafka"], spec["prefix"], (kind,))
    await _cost(spec, doors, kind, events)


@asynccontextmanager
async def _doors(spec: Spec) -> AsyncIterator[Mapping[str, Door]]:
    clock = SteppedClock()
    clock.set(NOW)
    async with AsyncExitStack() as held:
        doors = {}
        for service, dsn in spec["stores"].items():
            pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)
            held.callback(pool.terminate)
            doors[service] = Door(service, pool, clock, Bell(), spec["prefix"])
        yield doors


async def _cost(spec: Spec, doors: Mapping[str, Door], kind: type[Event], events: Sequence[Event]) -> Cost:
    speaker = next(service for service, said in SAID_BY.items() if kind in said)
    say_us = await _say(doors[speaker], events)
    carry_us = await _carry(spec, doors[speaker], len(events))
    records, read_us = await _read(spec, doors["analytics"], kind, len(events))
    heard = {}
    for service, consumers in CONSUMERS.items():
        if kind in consumers:
            heard[service] = await _hear(spec, doors[service], consumers, records, read_us=read_us)
    return Cost(
        kind=kind.__name__,
        events=len(events),
        say_us=say_us,
        carry_us=carry_us,
        topic_bytes=_log_bytes(spec, kind) / len(events),
        heard_by=heard,
    )


async def _say(door: Door, events: Sequence[Event]) -> float:
    """One transaction for each event, as a command does; without the business rows."""
    began = time.process_time()
    for event in events:
        async with transaction(door) as tx:
            tx.emit(event)
    return (time.process_time() - began) / len(events) * 1e6


async def _carry(spec: Spec, door: Door, events: int) -> float:
    producer = AIOKafkaProducer(
        bootstrap_servers=spec["kafka"], acks="all", enable_idempotence=True, max_batch_size=1 << 20
    )
    await producer.start()
    carried = 0
    try:
        async with door.pool.acquire() as conn:
            carrier = relay.Carrier(conn, producer, Progress(), spec["prefix"], job.BATCH)  # type: ignore[arg-type]
            began = time.process_time()
            while many := await carrier.round():
                carried += many
            took = time.process_time() - began
    finally:
        await producer.stop()
    assert carried >= events, f"only {carried} of {events} events were carried"
    return took / carried * 1e6


async def _read(spec: Spec, door: Door, kind: type[Event], events: int) -> tuple[list[Any], float]:
    """The records as the product has them, and what it takes to read them; only this kind's are there."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=spec["kafka"],
        group_id=f"{spec['prefix']}{kind.topic()}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=job.BATCH,
    )
    settings = Plain(dsn="-", kafka=spec["kafka"], topic_prefix=spec["prefix"])
    listening = Listening(door, apply.Ears.of("bench", {}), settings, Progress())
    consumer.subscribe([f"{spec['prefix']}{kind.topic()}"])
    await consumer.start()
    records: list[Any] = []
    try:
        began = time.process_time()
        while len(records) < events:
            fetched = await consumer.getmany(timeout_ms=300, max_records=job.BATCH)
            records += [listening.record_of(raw) for part in fetched.values() for raw in part]
        took = time.process_time() - began
    finally:
        await consumer.stop()
        await listening.consumer.stop()
    return records, took / len(records) * 1e6


async def _hear(
    spec: Spec,
    door: Door,
    consumers: Mapping[type[Event], Handler],
    records: Sequence[Any],
    *,
    read_us: float,
) -> Heard:
    ears = apply.Ears.of(door.service, consumers)
    kept, store_cpu = await door.pool.fetchval(KEPT_BYTES), _store_cpu(spec)
    began = time.process_time()
    for at in range(0, len(records), job.BATCH):
        applied = await apply.apply_batch(door, ears, records[at : at + job.BATCH], Breaker())
        assert set(applied.outcomes) == {"applied"}, f"{door.service} did not apply {records[at].topic}"
    took, store_took = time.process_time() - began, _store_cpu(spec) - store_cpu
    kept = await door.pool.fetchval(KEPT_BYTES) - kept
    many = len(records)
    return Heard(read_us + took / many * 1e6, store_took / many * 1e6, kept / many)


def _store_cpu(spec: Spec) -> float:
    """Seconds of CPU that PostgreSQL's processes have used; those that ended count in their parent."""
    server = psutil.Process(spec["postgres_pid"])
    return sum(_cpu(one) for one in (server, *server.children()))


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _log_bytes(spec: Spec, kind: type[Event]) -> int:
    """What lies on the broker's disk."""
    segments: Iterable[Path] = Path(spec["broker_home"]).glob(
        f"data/{spec['prefix']}{kind.topic()}-[0-9]/*.log"
    )
    return sum(segment.stat().st_size for segment in segments)


async def _seed_matching(dsn: str, pairs: int) -> None:
    """Matching hears of pairs that it made itself: here they are made by hand, without what led to them."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("SET session_replication_role = replica")
    everybody = [story.Pair(number) for number in range(pairs)]
    await conn.executemany(
        """
        INSERT INTO person (id, employee_number, user_name, user_name_key, given_name, family_name,
                            work_email, work_email_key, title, department, site, time_zone, status,
                            effective_date, version, created_at)
        VALUES ($1::text::uuid, $1, $1, $1, 'Gail', 'Erickson', $1, $1, '', '', '', 'UTC', 'active',
                '2026-03-01', 1, $2)
        """,
        [(person, NOW) for pair in everybody for person, _, _ in pair.people()],
    )
    await conn.executemany(
        """
        INSERT INTO match (id, programme_id, mentee_participation_id, mentor_participation_id, mentee_id,
                           mentor_id, state, weight, answer_by, explanation, made_at, ends_on, version,
                           created_at)
        VALUES ($1, $2, $3, $4, $3, $4, 'active', 80000, $5, '{}', $5, '2026-08-31', 2, $5)
        """,
        [
            (*(pair.ids[name] for name in ("match_id", "programme_id", "mentee_id", "mentor_id")), NOW)
            for pair in everybody
        ],
    )
    await conn.close()


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    log.configure("bench")
    job.report(told["result"], asyncio.run(costs(told)))

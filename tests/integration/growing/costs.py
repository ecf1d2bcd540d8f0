"""What one event of each kind costs to say, to carry and to hear, in processor time and on disk.

`python -m tests.integration.growing.costs [--pairs 200]` runs real handlers on a real PostgreSQL and Kafka.
It counts processor time, Python's and PostgreSQL's, which other programs on the machine change little; not
the time that passes. JSON lines go to standard output, the table to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import psutil
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from deploy.local.databases import SERVICES
from deploy.local.demo.proof import HEARD
from shared import apply, envelope, events, log, outbox, relay, topics, tx
from shared.breaker import Breaker
from shared.clock import SteppedClock
from shared.events import Event
from shared.inbox import Record
from shared.progress import Progress
from tests import infra
from tests.integration.analytics import builders as told

BATCH = 500
LISTENERS = ("scheduling", "notifications", "analytics")
"""Matching hears of matches and sessions of matches that it made itself, in rounds of its own."""
PREFIX = "costs-"


@dataclass(frozen=True)
class Cost:
    """Microseconds of processor time and bytes for each event; `what` is "say", "carry" or who heard it."""

    topic: str
    what: str
    events: int
    python_us: float
    postgres_us: float
    bytes: float


@dataclass(eq=False)
class Meter:
    """Counts the processor time of this process and of the database server's, and a database's size."""

    server: psutil.Process
    _python: float = 0.0
    _postgres: float = 0.0
    _size: int = 0

    async def start(self, door: tx.Door) -> None:
        self._size = await door.pool.fetchval("SELECT pg_database_size(current_database())")
        self._postgres, self._python = self._server_s(), time.process_time()

    async def stop(self, door: tx.Door, topic: str, what: str, many: int) -> Cost:
        python_s, postgres_s = time.process_time() - self._python, self._server_s() - self._postgres
        size = await door.pool.fetchval("SELECT pg_database_size(current_database())") - self._size
        return Cost(topic, what, many, python_s * 1e6 / many, postgres_s * 1e6 / many, size / many)

    def _server_s(self) -> float:
        times = [one.cpu_times() for one in self.server.children()]
        return sum(one.user + one.system for one in times)


def story(pairs: int) -> Mapping[type[Event], list[Event]]:
    """Pairs with three sessions each, one of which takes place: by kind, in the phrasebook's order."""
    both = [(f"Mentee {n}", f"Mentor {n}") for n in range(pairs)]
    hours = tuple(events.WorkingHours(weekday=day, starts="09:00", ends="17:00") for day in range(5))
    joined = [
        told.joined(name, role) for pair in both for name, role in zip(pair, events_roles(), strict=True)
    ]
    everybody = [name for pair in both for name in pair]
    said: list[Event] = [
        *(told.a_card(name) for name in everybody),
        *(told.a_programme(f"Growth {n}" if n else "Growth") for n in range(pairs)),
        *(told.invited(name) for name in everybody),
        *(one.model_copy(update={"hours": hours}) for one in joined),
        *(told.ran(at=2 + n / 1000) for n in range(pairs)),
        *(told.proposed(*pair) for pair in both),
        *(told.declined(mentor, mentee) for mentee, mentor in both),
        *(told.made(*pair) for pair in both),
        *(told.agreed(*pair) for pair in both),
        *(told.scheduled(*pair, starts=7 + n % 5) for n, pair in enumerate(both)),
        *(told.scheduled(*pair, 2, starts=20) for pair in both),
        *(told.scheduled(*pair, 3, starts=30) for pair in both),
        *(told.moved(*pair, starts=8 + n % 5, at=5) for n, pair in enumerate(both)),
        *(told.cancelled(*pair, 2, starts=20, at=5) for pair in both),
        *(told.missed(*pair, 3, starts=30) for pair in both),
        *(told.completed(*pair, starts=8 + n % 5) for n, pair in enumerate(both)),
        *(told.rated(*pair, by="mentee", overall=5, at=9) for pair in both),
        *(told.sent(name, 1, due=3) for name in everybody),
        *(told.failed(name, 2, due=3) for name in everybody),
        *(told.ended(*pair, at=90) for pair in both),
    ]
    kinds = [kind for kind in events.EVENTS if any(isinstance(one, kind) for one in said)]
    return {kind: [one for one in said if isinstance(one, kind)] for kind in kinds}


def events_roles() -> tuple[events.Role, events.Role]:
    return "mentee", "mentor"


async def measured(
    doors: Mapping[str, tx.Door], kafka: str, pairs: int, tell: Callable[[str], None]
) -> list[Cost]:
    """The costs of every kind, in the order of the phrasebook, the end of matches last."""
    async with doors["matching"].pool.acquire() as conn:
        backend = psutil.Process(await conn.fetchval("SELECT pg_backend_pid()"))
    meter = Meter(backend.parent())
    producer = AIOKafkaProducer(bootstrap_servers=kafka, max_batch_size=1 << 20)
    await producer.start()
    costs: list[Cost] = []
    told_of = story(pairs)
    try:
        for kind in sorted(told_of, key=lambda kind: kind is events.MatchEnded):
            tell(f"{kind.topic()}: {len(told_of[kind])} events")
            costs += await _said(doors["matching"], meter, told_of[kind])
            costs += await _carried(doors["matching"], meter, producer, kind)
            for service in LISTENERS:
                if kind.topic() in HEARD[service]:
                    costs.append(await _heard(doors[service], meter, service, told_of[kind]))
    finally:
        await producer.stop()
    return costs


async def _said(door: tx.Door, meter: Meter, said: Sequence[Event]) -> list[Cost]:
    """One transaction for each event, as a command or a handler has it; nothing but the event in it."""
    await meter.start(door)
    for event in said:
        async with tx.transaction(door) as t:
            t.emit(event)
    cost = await meter.stop(door, said[0].topic(), "say", len(said))
    return [replace(cost, bytes=0.0)]  # its rows go when they are carried


async def _carried(door: tx.Door, meter: Meter, producer: AIOKafkaProducer, kind: type[Event]) -> list[Cost]:
    async with door.pool.acquire() as conn:
        row = (await outbox.oldest(conn, 1))[0]
        batch = producer.create_batch()
        headers = envelope.to_headers(outbox.envelope_of(row))
        batch.append(key=row["key"].encode(), value=row["payload"], headers=headers, timestamp=None)
        size, many = batch.size(), 0
        await meter.start(door)
        while carried := await relay.carry(conn, producer, Progress(), prefix=PREFIX, rows_max=BATCH):
            many += carried
    return [replace(await meter.stop(door, kind.topic(), "carry", many), bytes=float(size))]


async def _heard(door: tx.Door, meter: Meter, service: str, said: Sequence[Event]) -> Cost:
    """Batches of records through the consumer's own way into the store: decode, inbox, handlers, commit."""
    handlers = importlib.import_module(f"services.{service}.consumers").CONSUMERS
    ears = apply.Ears.of(service, handlers)
    records = [_record(event, offset) for offset, event in enumerate(said)]
    await meter.start(door)
    for start in range(0, len(records), BATCH):
        done = await apply.apply_batch(door, ears, records[start : start + BATCH], Breaker())
        assert set(done.outcomes) == {"applied"}, (
            f"{service} did not apply {said[0].topic()}: {done.outcomes[:3]}"
        )
    return await meter.stop(door, said[0].topic(), service, len(said))


def _record(event: Event, offset: int) -> Record:
    said = outbox.said(event, "matching", envelope.new_trace())
    around = envelope.Envelope(said.id, said.type, said.source, said.key, said.time, 1, said.trace)
    headers = tuple(envelope.to_headers(around))
    return Record(said.topic, 0, offset, said.key, headers, said.payload, datetime.now(UTC))


async def _main(kafka: str, dsn: str, pairs: int, console: Console) -> list[Cost]:
    await topics.ensure(kafka, PREFIX)
    databases = infra.Databases(dsn)
    clock = SteppedClock()
    clock.set(told.BEGINNING)
    doors = {}
    for service in SERVICES:
        store = await databases.fresh(service)
        doors[service] = tx.Door(service, await infra.connect(store.dsn), clock, tx.Bell(), PREFIX)
    try:
        return await measured(doors, kafka, pairs, console.print)
    finally:
        for door in doors.values():
            door.pool.terminate()


def show(console: Console, costs: Sequence[Cost]) -> None:
    table = Table("event", "step", "Python µs", "PostgreSQL µs", "bytes", title="Cost of one event")
    for cost in costs:
        numbers = (f"{cost.python_us:.0f}", f"{cost.postgres_us:.0f}", f"{cost.bytes:.0f}")
        table.add_row(cost.topic, cost.what, *numbers)
    console.print(table)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.integration.growing.costs", description=__doc__)
    parser.add_argument(
        "--pairs", type=int, default=200, help="so many events of each kind, or twice as many"
    )
    options: Any = parser.parse_args(argv)
    console = Console(stderr=True)
    log.configure("costs", level="ERROR")
    with infra.kafka_address() as kafka, infra.postgres_dsn() as dsn:
        costs = asyncio.run(_main(kafka, dsn, options.pairs, console))
    show(console, costs)
    for cost in costs:
        print(json.dumps(cost.__dict__))


if __name__ == "__main__":
    main()

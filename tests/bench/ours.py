"""The product's own loops: consumer, relay, command, and the way from a commit to the next service."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared import apply, consumer, relay, run
from shared.clock import WallClock
from shared.progress import Progress
from shared.tx import Bell, Door, Pool, transaction
from tests.bench import alone, job, small

Spec = dict[str, Any]
COMMANDS_A_BLOCK = 40
PAUSE_S = (0.05, 0.11)


def settings_of(spec: Spec) -> small.Settings:
    """Those of a service of its own name: a group of its own, which reads from the beginning."""

    class Settings(small.Settings):
        service = spec["group"]

    return Settings(dsn=spec["dsn"], kafka=spec["kafka"], topic_prefix=spec["prefix"])


@asynccontextmanager
async def door_of(spec: Spec) -> AsyncIterator[Door]:
    async with run.open_pool(settings_of(spec)) as pool:
        yield Door(spec.get("group", "bench"), pool, WallClock(), Bell(), spec["prefix"])


async def consume(spec: Spec) -> dict[str, Any]:
    """The product's consumer with a batch handler."""
    return await _hear(spec, in_batches=True)


async def handle(spec: Spec) -> dict[str, Any]:
    """The product's consumer with a one-event handler: a row lock and an emit."""
    return await _hear(spec, in_batches=False)


async def _hear(spec: Spec, *, in_batches: bool) -> dict[str, Any]:
    stopping = asyncio.Event()
    hearing = small.Hearing(job.Stamps(spec["events"]), stopping.set)
    async with door_of(spec) as door:
        ears = apply.Ears.of(door.service, hearing.in_batches() if in_batches else hearing.one_by_one())
        job.settle()
        await consumer.run(door, ears, settings_of(spec), Progress(), stopping=stopping)
        applied = await door.pool.fetchval("SELECT count(*) FROM inbox")
    return hearing.stamps.result(applied=applied)


class Acknowledged(Progress):
    """Notes when how much had been acknowledged; the topic was empty, so offsets are counts."""

    def __init__(self, wanted: int, enough: asyncio.Event) -> None:
        super().__init__()
        self.wanted, self.enough = wanted, enough
        self.notes: list[tuple[int, float, float]] = []

    def acknowledged(self, topic: str, partition: int, next_offset: int) -> None:
        super().acknowledged(topic, partition, next_offset)
        count = sum(self.sent.values())
        self.notes.append((count, time.perf_counter(), time.process_time()))
        if count >= self.wanted:
            self.enough.set()

    def result(self) -> dict[str, Any]:
        (first, began, cpu_began), (last, ended, cpu_ended) = self.notes[0], self.notes[-1]
        many = last - first
        return {
            "us": (ended - began) / many * 1e6,
            "cpu_us": (cpu_ended - cpu_began) / many * 1e6,
            "events": many,
        }


async def carry(spec: Spec) -> dict[str, Any]:
    """The product's relay, from a full outbox to an empty one."""
    stopping = asyncio.Event()
    acknowledged = Acknowledged(spec["events"], stopping)
    async with door_of(spec) as door:
        await alone.fill_outbox(door.pool, spec["events"])
        job.settle()
        await relay.run(settings_of(spec), door.bell, acknowledged, stopping)
    return acknowledged.result()


async def command(spec: Spec) -> dict[str, Any]:
    """Blocks of commands with and without an event, by turns; `clients` commands are in hand at a time."""
    blocks: dict[bool, list[float]] = {True: [], False: []}
    async with door_of(spec) as door:
        job.settle()
        for saying in (True, False):
            await _block(door, spec["clients"], saying=saying)
        for number in range(spec["blocks"]):
            for saying in (True, False) if number % 2 else (False, True):
                blocks[saying].append(await _block(door, spec["clients"], saying=saying))
    return {"with": blocks[True], "without": blocks[False]}


async def _block(door: Door, clients: int, *, saying: bool) -> float:
    """Microseconds per command."""

    async def client(number: int) -> None:
        for one in range(COMMANDS_A_BLOCK):
            await _command(door, job.event(number * COMMANDS_A_BLOCK + one), saying=saying)

    began = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    return (time.perf_counter() - began) / (clients * COMMANDS_A_BLOCK) * 1e6


async def _command(door: Door, event: job.SessionMeasured, *, saying: bool) -> None:
    async with transaction(door) as tx:
        await tx.conn.execute(
            "INSERT INTO measured_command (command_id, match_id, text, made_at) VALUES ($1, $2, $3, $4)",
            uuid.uuid4(),
            event.match_id,
            event.topics,
            tx.now,
        )
        if saying:
            tx.emit(event)


async def travel(spec: Spec) -> dict[str, Any]:
    """Milliseconds from a commit here until the commit of the next service, which is another process.

    That process tells it by NOTIFY, which PostgreSQL delivers at the commit: its way is part of the time.
    """
    stopping = asyncio.Event()
    arrivals: dict[str, asyncio.Future[float]] = {}
    loop = asyncio.get_running_loop()

    def heard(_conn: Any, _pid: int, _channel: str, payload: str) -> None:
        if payload in arrivals and not arrivals[payload].done():
            arrivals[payload].set_result(time.perf_counter())

    ear = await asyncpg.connect(spec["heard_dsn"])
    await ear.add_listener(small.HEARD, heard)
    times = []
    async with door_of(spec) as door:
        carrying = asyncio.create_task(relay.run(settings_of(spec), door.bell, Progress(), stopping))
        job.settle()
        chance = random.Random(spec["seed"])
        for number in range(spec["warm"] + spec["samples"]):
            arrivals[str(number)] = loop.create_future()
            took = await _one_way(door.pool, door, number, arrivals[str(number)])
            if number >= spec["warm"]:
                times.append(took * 1000)
            await asyncio.sleep(chance.uniform(*PAUSE_S))
        stopping.set()
        await carrying
    await ear.close()
    return {"ms": times}


async def _one_way(_pool: Pool, door: Door, number: int, arrival: asyncio.Future[float]) -> float:
    async with transaction(door) as tx:
        tx.emit(small.counted(job.event(number), number))
    committed = time.perf_counter()
    return await asyncio.wait_for(arrival, 30) - committed

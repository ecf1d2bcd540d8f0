"""The work of the clock: when it is due, by one process, again after trouble."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from shared import jobs, tx
from shared.clock import SteppedClock
from shared.service import Job, every
from tests.conftest import BEGINNING
from tests.integration.shared.plumbing import Listener
from tests.integration.shared.test_carrying import until


async def plan(listener: Listener, at: datetime) -> None:
    await listener.door.pool.execute("INSERT INTO used_link VALUES (gen_random_uuid(), $1)", at)


async def due(conn: tx.Connection) -> datetime | None:
    earliest: datetime | None = await conn.fetchval("SELECT min(used_at) FROM used_link")
    return earliest


async def work(t: tx.Tx) -> None:
    """Takes what is due off the plan and writes down when."""
    await t.conn.execute("DELETE FROM used_link WHERE used_at <= $1", t.now)
    await t.conn.execute("INSERT INTO effect (version) VALUES (1)")


async def effects(listener: Listener) -> int:
    count: int = await listener.door.pool.fetchval("SELECT count(*) FROM effect")
    return count


def step(listener: Listener, to: datetime) -> None:
    clock = listener.door.clock
    assert isinstance(clock, SteppedClock)
    clock.set(to)
    listener.door.bell.ring()


async def test_a_job_runs_when_its_earliest_row_is_due_and_not_before(listener: Listener) -> None:
    job = every(60, work, due)
    assert await jobs.run_while_due(listener.door, job) == 0
    await plan(listener, BEGINNING + timedelta(hours=1))
    assert await jobs.run_while_due(listener.door, job) == 0
    step(listener, BEGINNING + timedelta(hours=1))
    assert await jobs.run_while_due(listener.door, job) == 1


async def test_a_waiting_job_is_woken_by_the_clock_and_by_a_commit(listener: Listener) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(jobs.run(listener.door, [every(60, work, due)], stopping=stopping))
    async with tx.transaction(listener.door) as t:
        await t.conn.execute("INSERT INTO used_link VALUES (gen_random_uuid(), $1)", BEGINNING)

    async def once() -> bool:
        return await effects(listener) == 1

    async def twice() -> bool:
        return await effects(listener) == 2

    await until(once, 5)
    await plan(listener, BEGINNING + timedelta(days=1))
    step(listener, BEGINNING + timedelta(days=1))
    await until(twice, 5)
    stopping.set()
    await asyncio.wait_for(running, 5)


async def test_two_processes_do_the_work_of_one_job_once(listener: Listener) -> None:
    await plan(listener, BEGINNING)
    job = every(60, work, due)
    await asyncio.gather(*(jobs.run_while_due(listener.door, job) for _ in range(6)))
    assert await effects(listener) == 1


async def test_a_job_that_fails_undoes_its_work_and_is_tried_again(listener: Listener) -> None:
    await plan(listener, BEGINNING)
    attempts = []

    async def fails_once(t: tx.Tx) -> None:
        await work(t)
        attempts.append(t.now)
        if len(attempts) == 1:
            raise ValueError("not this time")

    stopping = asyncio.Event()
    running = asyncio.create_task(
        jobs.run(listener.door, [Job("fails_once", 60, fails_once, due)], stopping=stopping)
    )

    async def once() -> bool:
        return await effects(listener) == 1

    await until(once, 5)
    stopping.set()
    await asyncio.wait_for(running, 5)
    assert len(attempts) == 2


async def test_a_job_that_stays_due_is_a_bug_and_is_named(listener: Listener) -> None:
    await plan(listener, BEGINNING)

    async def idle(t: tx.Tx) -> None:
        return

    with pytest.raises(RuntimeError, match="job idle is still due"):
        await jobs.run_while_due(listener.door, every(60, idle, due))


async def test_jobs_that_are_due_together_run_in_the_order_in_which_they_are_declared(
    listener: Listener,
) -> None:
    await plan(listener, BEGINNING)
    ran = []

    async def first(t: tx.Tx) -> None:
        await asyncio.sleep(0.02)
        ran.append("first")
        await t.conn.execute("UPDATE used_link SET used_at = used_at + interval '1 second'")

    async def second(t: tx.Tx) -> None:
        ran.append("second")
        await t.conn.execute("DELETE FROM used_link")
        await t.conn.execute("INSERT INTO effect (version) VALUES (1)")

    async def second_due(conn: tx.Connection) -> datetime | None:
        return BEGINNING if await due(conn) is not None else None

    stopping = asyncio.Event()
    declared = [Job("first", 60, first, due), Job("second", 60, second, second_due)]
    replicas = [asyncio.create_task(jobs.run(listener.door, declared, stopping=stopping)) for _ in range(2)]

    async def once() -> bool:
        return await effects(listener) == 1

    await until(once, 5)
    stopping.set()
    await asyncio.wait_for(asyncio.gather(*replicas), 5)
    assert ran == ["first", "second"]

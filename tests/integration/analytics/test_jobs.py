"""The work of the clock: a day's figures are written when the day is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.analytics import jobs
from services.analytics.core.live import Window
from services.analytics.store import days, live
from shared.clock import SteppedClock
from shared.jobs import run_while_due
from shared.tx import Door, transaction
from tests import infra
from tests.integration.analytics.builders import a_programme, day, hear, joined, made, programme
from tests.integration.analytics.test_figures import STORY

JOB = jobs.JOBS[0]


@pytest.fixture
async def door(door: infra.MakeDoor) -> Door:
    return await door("analytics")


async def step(door: Door, number: float) -> None:
    """Sets the clock so many days after the beginning and lets the job run."""
    assert isinstance(door.clock, SteppedClock)
    door.clock.set(day(number))
    await run_while_due(door, JOB)


async def written(door: Door, figure: str) -> dict[date, tuple[int, int]]:
    async with transaction(door) as tx:
        series = await days.series(tx.conn, programme(), [figure], since=date(2026, 1, 1))
    return {when: (total.counted, total.rows) for when, total in series}


async def test_nothing_is_due_before_anything_was_heard(door: Door) -> None:
    async with transaction(door) as tx:
        assert await jobs.day_is_over(tx.conn) is None


async def test_a_day_is_due_at_the_next_midnight_and_then_the_next_one(door: Door) -> None:
    async with transaction(door) as tx:
        await hear(tx.conn, *STORY)
        assert await jobs.day_is_over(tx.conn) == datetime(2026, 3, 3, tzinfo=UTC)
    await step(door, 1)
    async with transaction(door) as tx:
        assert await jobs.day_is_over(tx.conn) == datetime(2026, 3, 4, tzinfo=UTC)


async def test_each_day_is_written_as_it_stood_at_its_end(door: Door) -> None:
    async with transaction(door) as tx:
        await hear(tx.conn, *STORY)
    await step(door, 6)
    assert await written(door, "match-rate") == {
        date(2026, 3, 3): (0, 7),
        date(2026, 3, 4): (0, 7),
        date(2026, 3, 5): (2, 7),
        date(2026, 3, 6): (2, 7),
        date(2026, 3, 7): (3, 7),
    }


async def test_U9_what_comes_a_day_late_is_brought_in(door: Door) -> None:
    async with transaction(door) as tx:
        await hear(tx.conn, a_programme(), joined("Ada", at=0), joined("Max", "mentor", at=0))
    await step(door, 1)
    assert await written(door, "match-rate") == {date(2026, 3, 2): (0, 2)}
    async with transaction(door) as tx:
        await hear(tx.conn, made("Ada", "Max", at=0.5))
    await step(door, 2)
    assert (await written(door, "match-rate"))[date(2026, 3, 2)] == (2, 2)


async def test_closed_windows_are_set_to_what_was_applied_and_the_drift_is_told(door: Door) -> None:
    now = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
    closed = datetime(2026, 11, 20, 11, 59, 0, tzinfo=UTC)
    opened = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
    async with transaction(door) as tx:
        await tx.conn.executemany(
            "INSERT INTO inbox (event_id, topic, key, sequence, record_time) VALUES"
            " (gen_random_uuid(), 'match-made', 'k', 0, $1)",
            [(closed + timedelta(seconds=second),) for second in (0, 4, 9.99)] + [(opened,)],
        )
        await live.put_counted(
            tx.conn,
            [
                Window("match-made", closed, 2),
                Window("match-proposed", closed, 1),
                Window("match-made", opened, 7),
            ],
        )
    assert await jobs.reconcile(door, now) == 2
    async with transaction(door) as tx:
        assert await live.windows(tx.conn, since=closed) == (
            Window("match-made", closed, 3),
            Window("match-proposed", closed, 0),
            Window("match-made", opened, 7),
        )

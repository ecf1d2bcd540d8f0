"""Whatever order events come in and how often: figures are those of the sorted log."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import pytest

from services.analytics import jobs
from services.analytics.store import days
from shared.inbox import Record
from shared.tx import Door, transaction
from tests import infra
from tests.integration.analytics import recorded
from tests.integration.analytics.builders import (
    a_card,
    a_programme,
    day,
    ended,
    joined,
    made,
    person,
    programme,
)
from tests.integration.analytics.half_year import half_year, records
from tests.integration.analytics.processes import until

STORY_SEED = 4
WEEKS = 26
MOMENTS = (40, 91.5, 7 * WEEKS)
WAITING = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
STORY = records(half_year(STORY_SEED, weeks=WEEKS))


def a_seed() -> int:
    """Drawn anew each time; `U9_SEED` repeats one."""
    return int(os.environ.get("U9_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture(scope="module")
def sorted_log() -> dict[str, Any]:
    """What the sorted log gives: filled in by the first test that asks."""
    return {}


async def told_in_order(door: Door) -> dict[str, Any]:
    for start in range(0, len(STORY), 500):
        await recorded.hear(door, STORY[start : start + 500])
    await recorded.until(door, 7 * WEEKS)
    return await recorded.everything(door, *MOMENTS)


def shuffled(chance: random.Random) -> list[list[Record]]:
    """The story in any order, some of it twice, cut into batches of any size."""
    told = [one for one in STORY for _ in range(chance.choice((1, 1, 1, 2)))]
    chance.shuffle(told)
    batches, start = [], 0
    while start < len(told):
        size = chance.choice((1, 7, 60, 500))
        batches.append(told[start : start + size])
        start += size
    return batches


@pytest.mark.parametrize("number", [1, 2])
async def test_U9_a_shuffled_and_doubled_half_year_gives_the_figures_of_the_sorted_log(
    door: infra.MakeDoor, sorted_log: dict[str, Any], number: int
) -> None:
    """Days are written now and then while facts still come: late ones have them written again."""
    seed = a_seed()
    print(f"U9_SEED={seed}: {len(STORY)} events of the half-year {STORY_SEED}, for the time no. {number}")
    if not sorted_log:
        sorted_log.update(await told_in_order(await door("analytics")))
    chance, listener = random.Random(seed), await door("analytics")
    batches = shuffled(chance)
    look = chance.randrange(len(batches))
    for place, batch in enumerate(batches):
        await recorded.hear(listener, batch)
        if place == look:
            await recorded.until(listener, 7 * WEEKS * place / len(batches))
    await recorded.until(listener, 7 * WEEKS)
    found = await recorded.everything(listener, *MOMENTS)
    for part, wanted in sorted_log.items():
        assert found[part] == wanted, f"{part} differs: repeat it with U9_SEED={seed}"


async def test_U9_a_late_fact_has_every_day_from_its_time_on_written_again_and_none_before(
    door: infra.MakeDoor,
) -> None:
    analytics = await door("analytics")
    await recorded.hear(
        analytics, records([a_programme(), joined("Ada", at=0), joined("Max", "mentor", at=0)])
    )
    await recorded.hear(analytics, later([made("Ada", "Max", at=1)]))
    await recorded.until(analytics, 30)
    assert await active_pairs(analytics) == [0, *[1] * 29]
    await recorded.hear(analytics, later([ended("Ada", "Max", at=12)], 10))
    async with transaction(analytics) as tx:
        assert await days.late_since(tx.conn) == day(12)
        assert await jobs.day_is_over(tx.conn) == day(12)
    await recorded.until(analytics, 30)
    assert await active_pairs(analytics) == [0, *[1] * 11, *[0] * 18]
    async with transaction(analytics) as tx:
        assert await days.late_since(tx.conn) is None


async def test_U9_an_earlier_status_that_comes_late_counts_for_the_days_in_which_it_held(
    door: infra.MakeDoor,
) -> None:
    analytics = await door("analytics")
    await recorded.hear(analytics, records([a_programme(), joined("Ada", at=0)]))
    await recorded.hear(analytics, later([a_card("Ada", version=3, at=6)]))
    await recorded.until(analytics, 9)
    assert await counted(analytics, "match-rate") == [1] * 9
    await recorded.hear(analytics, later([a_card("Ada", "leave", version=2, at=3)], 10))
    await recorded.until(analytics, 9)
    assert await counted(analytics, "match-rate") == [1, 1, 1, 0, 0, 0, 1, 1, 1]


async def test_U9_no_fact_slips_in_between_while_a_day_is_written(door: infra.MakeDoor) -> None:
    """Who adds facts holds the writing of days back until the commit, so that one of them sees the other."""
    analytics = await door("analytics")
    await recorded.hear(analytics, records([a_programme(), joined("Ada", at=0)]))
    async with transaction(analytics) as facts:
        await days.share(facts.conn)
        writing = asyncio.create_task(recorded.until(analytics, 2))

        async def waits() -> object:
            return await analytics.pool.fetchval(WAITING)

        await until(waits, "the job waits for the facts")
        await facts.conn.execute(
            "INSERT INTO invitation (programme_id, person_id, invited_at) VALUES ($1, $2, $3)",
            *(programme(), person("Ben"), day(0.1)),
        )
        assert not writing.done()
    await writing
    assert await counted(analytics, "people") == [2, 2]


def later(events: list[Any], after: int = 5) -> list[Record]:
    """Records with ids of their own, after those of `records`."""
    return records([*[a_programme("none")] * after, *events])[after:]


async def counted(door: Door, figure: str) -> list[int]:
    """A figure's rows day by day, 0 where nothing stands behind it."""
    rows = await door.pool.fetch(
        """
        SELECT coalesce(f.rows, 0) AS rows FROM closed_day d
        LEFT JOIN daily_figure f ON f.day = d.day AND f.figure = $1 ORDER BY d.day
        """,
        figure,
    )
    return [row["rows"] for row in rows]


async def active_pairs(door: Door) -> list[int]:
    return await counted(door, "active-pairs")

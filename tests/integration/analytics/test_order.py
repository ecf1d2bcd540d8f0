"""Facts may come twice and in any order, in batches of any size: the figures are the same."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from services.analytics.core import figures as core
from services.analytics.core.definitions import DEFINITIONS
from services.analytics.store import figures as store
from services.analytics.store import pairs, people
from shared.events import Event
from shared.tx import Connection
from tests import infra
from tests.integration.analytics.builders import a_card, a_programme, agreed, day, hear, joined, programme
from tests.integration.analytics.test_figures import STORY

CHANGES: tuple[Event, ...] = (
    a_programme("Growth", at=2, version=2),
    a_card("Ada", version=3, department="Research"),
    a_card("Ada", version=2, department="Sales"),
    joined("Ada", at=5, version=2),
    agreed("Ada", "Max", at=26, cadence="weekly", version=4),
    agreed("Ada", "Max", at=25, cadence="monthly", version=3),
)
TOLD = STORY + CHANGES


@pytest.fixture
async def conn(pool: infra.MakePool) -> AsyncIterator[Connection]:
    connections = await pool("analytics")
    async with connections.acquire() as conn:
        yield conn  # type: ignore[misc]


async def everything(conn: Connection) -> object:
    """All that analytics would show, in comparable form."""
    question = core.Question(programme(), day(35), day(-1000))
    lists = {
        d.code: await store.list_rows(conn, question, d.code, limit=500)
        for d in DEFINITIONS
        if d.kind != "rating"
    }
    return (
        sorted(await store.totals(conn, question), key=lambda total: total.figure),
        lists,
        await pairs.pairs(conn, programme(), day(35), states=("active", "ended", "declined"), limit=50),
        await people.programmes(conn),
    )


async def heard_in(conn: Connection, batches: list[list[Event]]) -> object:
    """Everything after hearing the batches, in a transaction that never was."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        for batch in batches:
            await hear(conn, *batch)
        return await everything(conn)
    finally:
        await transaction.rollback()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(seed=some.integers(0, 2**32), size=some.integers(1, 40), twice=some.floats(0, 0.5))
async def test_U9_any_order_and_any_repetition_give_the_same_figures_and_lists(
    conn: Connection, seed: int, size: int, twice: float
) -> None:
    chance = random.Random(seed)
    told = [event for event in TOLD for _ in range(2 if chance.random() < twice else 1)]
    chance.shuffle(told)
    batches = [told[start : start + size] for start in range(0, len(told), size)]
    assert await heard_in(conn, batches) == await heard_in(conn, [list(TOLD)])

"""What a kill alone does not show: a store that is away at the wrong moment, a listener that was frozen."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import infra
from tests.chaos.miniature import visits
from tests.chaos.miniature.pair import Pair, pair, until
from tests.chaos.miniature.phrases import ENDED, MADE, a_match
from tests.chaos.miniature.processes import Nursery, nursery

STOPPED = "SELECT stopped_at IS NOT NULL FROM consumer_state"


@pytest.fixture
async def cradle() -> AsyncIterator[Nursery]:
    async with nursery() as made:
        yield made


@pytest.fixture
async def two(cradle: Nursery, kafka: str, postgres: infra.Databases, tmp_path: Path) -> AsyncIterator[Pair]:
    async with pair(cradle, (kafka, postgres), tmp_path / "pair", 1) as made:
        await made.speak()
        yield made


async def test_a_stop_is_obeyed_from_the_start_and_outlives_a_store_that_is_away(two: Pair) -> None:
    heard = two.books.heard
    await heard.execute("UPDATE consumer_state SET stopped_at = now(), stopped_reason = 'a bad deploy'")
    two.order((MADE, a_match(1)))
    listener = await two.born("listener")
    two.listener = listener
    listener.arm("halt.pause.before", "hold")
    await listener.held("halt.pause.before")
    await two.shut("listener", allowed=False)
    listener.arm("halt.fetch.before", "hold")
    listener.let_go("halt.pause.before")
    await listener.held("halt.fetch.before")
    assert await heard.fetchval("SELECT count(*) FROM effect") == 0
    await two.shut("listener", allowed=True)
    await two.resume()
    listener.let_go("halt.fetch.before")
    assert await two.findings() == []


async def test_the_breaker_stops_although_the_store_is_away_when_it_trips(two: Pair) -> None:
    listener = await two.listen()
    listener.arm("stop.acquire.before", "hold")
    await visits.bad_deploy(two)
    await listener.held("stop.acquire.before")
    await two.shut("listener", allowed=False)
    listener.arm("store.again.before", "hold")
    listener.let_go("stop.acquire.before")
    await listener.held("store.again.before")
    await two.shut("listener", allowed=True)
    listener.let_go("store.again.before")
    await until(lambda: two.books.heard.fetchval(STOPPED), "it is stopped")
    assert listener.alive
    await two.resume()
    await two.mend()
    assert await two.findings() == []


@pytest.mark.parametrize("poisoned", [False, True])
async def test_U5_a_frozen_listener_wakes_up_with_records_that_its_successor_has_dealt_with(
    two: Pair, poisoned: bool
) -> None:
    """Both have the same place in the group, as when a supervisor gives a process up that is not dead."""
    key = two.a_new_key()
    zombie = await two.listen()
    assert await two.findings() == []
    zombie.arm("batch.acquire.before", "freeze")
    two.order((ENDED, key), (ENDED, key))
    await zombie.frozen()
    if poisoned:
        await two.poison(key)
    await two.listen()
    assert await two.findings() == []
    await two.books.heard.execute("DELETE FROM poison")
    zombie.arm("offsets.commit.before", "hold")
    zombie.send(signal.SIGCONT)
    await zombie.held("offsets.commit.before")
    await zombie.kill()
    await two.mend()
    two.order((ENDED, key))
    assert await two.findings() == []

"""The benchmark itself, at a size that says nothing of speed: every row is there and means what it says."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from rich.console import Console

from shared.events import EVENTS
from tests.bench import figures, ground, job, price_list, targets
from tests.bench.__main__ import PEER_PYTHON

TINY = targets.Sizes(events=1_000, repeats=1, blocks=2, samples=5, memory_events=4_000, seed=7)
ROWS = {
    *("batch-consumer", "ahead-of-faststream", "ahead-of-faust", "one-event-handler", "relay", "relay-cost"),
    *("command", "command-busy", "travel-p50", "travel-p99", "memory"),
}


@pytest.fixture(scope="module")
def stand() -> Iterator[ground.Ground]:
    subprocess.run([sys.executable, "deploy/setup.py", "peers"], cwd=ground.ROOT, check=True)
    with ground.prepared(PEER_PYTHON) as stand:
        yield stand


@pytest.mark.timeout(600)
async def test_every_target_is_measured_and_says_what_bounds_it(stand: ground.Ground, tmp_path: Path) -> None:
    rows = [row for measure in targets.ALL.values() for row in await measure(stand, TINY)]

    assert {row.id for row in rows} == ROWS
    figures.write(tmp_path / "events.jsonl", [row.line() for row in rows])
    for line in (tmp_path / "events.jsonl").read_text().splitlines():
        said = json.loads(line)
        assert list(said)[:6] == ["id", "value", "bound", "ratio", "goal", "ok"]
        assert said["bounded_by"]
    for row in rows:
        assert row.value > 0 or row.id == "memory"
        assert row.ratio is None or (row.ratio > 0 and row.bound is not None and row.bound > 0)


@pytest.mark.timeout(300)
async def test_the_cost_of_every_kind_of_event_is_measured(stand: ground.Ground) -> None:
    costs = await price_list.measured(stand, pairs=5)

    assert {cost.kind for cost in costs} == {event.__name__ for event in EVENTS}
    for cost in costs:
        assert cost.heard_by
        said = json.loads(price_list.line(cost))
        assert said["say_us"] > 0
        assert said["topic_bytes"] > 400


async def test_the_peers_write_the_rows_that_we_write(stand: ground.Ground) -> None:
    prefix = await stand.topics()
    spec = {"prefix": prefix, "topic": f"{prefix}{job.SessionMeasured.topic()}", "events": 1_000}
    await stand.work("fill", topic=spec["topic"], events=1_000)
    written = {
        what: await _rows_written(stand, what, spec) for what in ("consume", "peer_faststream", "peer_faust")
    }

    assert written["peer_faststream"] == written["consume"]
    assert written["peer_faust"] == written["consume"]


def test_the_measured_event_is_650_bytes_as_pydantic_writes_it() -> None:
    for number in (0, 1, job.PAIRS, 999_999):
        assert job.event(number).model_dump_json().encode() == job.payload(number)
        assert len(job.payload(number)) == 650


def test_a_goal_is_missed_below_a_least_and_above_a_most() -> None:
    def row(ratio: float | None, *, at_least: bool) -> figures.Row:
        return figures.Row("x", "x", "x", 10.0, 1.0, ratio, 0.5, at_least, (0.0, 1.0), "x")

    assert row(0.5, at_least=True).ok
    assert not row(0.49, at_least=True).ok
    assert not row(None, at_least=False).ok


def test_the_table_shows_every_row() -> None:
    console = Console(record=True, width=160, file=io.StringIO())
    figures.show(
        console, [figures.Row("one", "w", "µs", 1.0, 2.0, 0.5, 0.4, True, (0.4, 0.6), "round trips")]
    )
    assert "round trips" in console.export_text()


async def _rows_written(stand: ground.Ground, what: str, spec: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The aggregate's rows and the inbox's, but for the moment at which these were written."""
    store = await stand.store()
    work = stand.peer if what.startswith("peer_") else stand.work
    await work(what, dsn=store.dsn, group=targets.name(), **spec)
    conn = await asyncpg.connect(store.dsn)
    days = await conn.fetch("SELECT programme_id, day, sessions, minutes FROM measured_day ORDER BY 1, 2")
    heard = await conn.fetch("SELECT event_id, key, sequence, record_time FROM inbox ORDER BY 1")
    await conn.close()
    await stand.drop(store)
    assert sum(row["sessions"] for row in days) == len(heard) == spec["events"]
    return days, heard

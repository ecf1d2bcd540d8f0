"""The benchmark itself, at a size that says nothing of speed: every row is there and means what it says."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from shared.events import EVENTS
from tests.bench import figures, ground, job, price_list, targets

TINY = targets.Sizes(events=1_000, repeats=1, blocks=2, samples=5, memory_events=4_000, seed=7)
ROWS = {
    *("batch-consumer", "one-event-handler", "relay", "relay-cost", "command", "command-busy"),
    *("travel-p50", "travel-p99", "memory"),
}
"""Without the peers, who have an environment of their own: `make bench-events` looks at them first."""


@pytest.fixture(scope="module")
def stand() -> Iterator[ground.Ground]:
    with ground.prepared(None) as stand:
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

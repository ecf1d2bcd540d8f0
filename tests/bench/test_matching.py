"""The pairing engine's benchmark at a size that says nothing of speed: every row is there and means it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from services.matching import engine
from services.matching.engine import index as arrays
from services.matching.engine import rules
from tests.bench.matching import crowd, curve, goals, ours, peer_ortools, peer_scipy, picture, stage
from tests.bench.matching.quality import hidden, verdict, ways
from tests.bench.matching.worker import Found

TINY = stage.Sizes(
    people=200,
    dense=200,
    hard=200,
    forced=60,
    forced_pairs=10,
    stable=30,
    peers=20,
    groups=100,
    events=20,
    searches=5,
    searched=300,
    projected=60,
    repeats=1,
)
FROM_PEERS = {
    ("peer_ortools", "flow"): peer_ortools.flow,
    ("peer_ortools", "many"): peer_ortools.many,
    ("peer_scipy", "dense"): peer_scipy.dense,
    ("peer_scipy", "sparse"): peer_scipy.sparse,
}
NEEDS_OTHER_PEERS = {"stable", "peers"}
STARTS_FROM_NOTHING = {"compile"}


@dataclass(frozen=True, slots=True)
class Here:
    """A stage whose measurements run in this process, with the peers that the product has anyway."""

    home: Path
    sizes: stage.Sizes = TINY
    peer_python: Path | None = Path(sys.executable)

    def ours(self, what: str, *, env: Mapping[str, str] | None = None, **spec: Any) -> Found:
        return _through_json(ours.MEASUREMENTS[what], spec)

    def peer(self, module: str, what: str, **spec: Any) -> Found:
        return _through_json(FROM_PEERS[module, what], spec)


def _through_json(measure: Any, spec: dict[str, Any]) -> Found:
    found: Found = json.loads(json.dumps(measure(json.loads(json.dumps(spec, default=str)))))
    return found


@pytest.mark.parametrize("group", sorted(set(goals.ALL) - NEEDS_OTHER_PEERS - STARTS_FROM_NOTHING))
def test_every_goal_is_measured_and_says_what_bounds_it(group: str, tmp_path: Path) -> None:
    rows = goals.ALL[group](Here(tmp_path))  # type: ignore[arg-type]

    assert rows
    for row in rows:
        said = json.loads(row.line())
        assert list(said)[:6] == ["id", "value", "bound", "ratio", "goal", "ok"]
        assert said["bounded_by"]


def test_stable_pairs_and_equals_are_measured_without_their_peers(tmp_path: Path) -> None:
    here = Here(tmp_path)
    stable = here.ours("stable lists", mentees=30, seed=0, lists=tmp_path / "lists.npz")
    equals = here.ours("peer pairs", people=100, seed=0, weights=tmp_path / "peers.npy")

    assert stable["blocking"] == 0
    assert 0 < equals["value"] <= equals["bound"]


def test_a_dense_matrix_and_its_sparse_graph_are_worth_the_same_to_scipy(tmp_path: Path) -> None:
    here = Here(tmp_path)
    path = here.ours("hard graphs", folder=tmp_path, mentees=40, seed=3)["four-value"]
    with np.load(path) as kept:
        weights = np.zeros((40, len(kept["capacity"])), np.int32)
        weights[np.repeat(np.arange(40), np.diff(kept["ptr"])), kept["col"]] = kept["weight"]
        np.save(tmp_path / "capacity.npy", kept["capacity"])
    np.save(tmp_path / "weights.npy", weights)
    files = {"weights": tmp_path / "weights.npy", "capacity": tmp_path / "capacity.npy"}

    assert (
        here.peer("peer_scipy", "dense", **files)["value"]
        == here.peer("peer_scipy", "sparse", graph=path)["value"]
        == here.peer("peer_ortools", "flow", graph=path)["value"]
        == here.ours("solver", graphs={"it": path}, repeats=1)["it"][0]["value"]
    )


def test_the_company_is_the_one_that_the_goals_speak_of() -> None:
    market = crowd.market(3_000)
    mask = rules.mask(arrays.build(market), slice(0, 600), slice(None))

    assert 0.25 <= (mask == 0).mean() <= 0.27
    assert sum(mentor.seats_left for mentor in market.mentors) == 0.8 * 3_000
    assert crowd.market(50) == crowd.market(50)


def test_every_way_makes_possible_pairs_and_fills_no_seat_twice() -> None:
    engine.warm()
    world = hidden.world(1, taste=0.5, slip=0.5)
    draw = np.random.default_rng(1)
    mates = [way(world, draw) for way in ways.FROM_ANSWERS.values()]

    assert (rules.mask(arrays.build(world.market), slice(None), slice(None)) == 0).tolist() == (
        world.possible.tolist()
    )
    for mate in (*mates, ways.stated(world, draw, 1.0)):
        row = np.flatnonzero(mate != ways.NOBODY)
        assert len(row) == hidden.MENTORS * hidden.SEATS
        assert world.possible[row, mate[row]].all()
        assert np.bincount(mate[row]).max() <= hidden.SEATS


def test_the_verdict_on_quality_is_shown_and_written() -> None:
    cell = verdict.Cell(
        0.5,
        1.0,
        {"ours": [0.4, 0.5], "random": [0.1, 0.1], "greedy": [0.3, 0.4], "goals": [0.2, 0.2]},
        {0.0: [0.9, 0.9], 1.0: [0.5, 0.5], 2.0: [0.3, 0.3]},
    )
    console = Console(record=True, width=200, file=io.StringIO())
    verdict.show(console, [cell], 2)

    assert verdict.crossing(cell) == pytest.approx(1.25)
    assert "1.29" in console.export_text()
    assert [row.ok for row in verdict.rows(cell)] == [True, True, True]
    assert json.loads(verdict.line(cell))["curve"]["1"] == 0.5


def test_the_picture_shows_every_point_of_every_curve(tmp_path: Path) -> None:
    lines = list(curve.points(Here(tmp_path), 100, 1))  # type: ignore[arg-type]
    (tmp_path / "points.jsonl").write_text("\n".join(lines))
    points = picture.read(tmp_path / "points.jsonl")

    assert {point.who for point in points} == set(picture.SERIES)
    assert {point.gap for point in points if point.who != "ortools-25"} == {0.0}
    assert picture.draw(points).count("<circle") == 3 * len(points)

"""From many seeded worlds to what may be said: rates, ratios with intervals, and where two curves cross."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import stats

from tests.bench.figures import Row
from tests.bench.matching.quality import hidden, ways

GOAL = 1.2
AIMED_AT = ("greedy", "goals")
CONFIDENCE = 0.95
BOUNDED_BY = "how much of people's liking their answers tell, and what the scores' weights make of it"


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of the grid: mutual yes per seat, by way and seed; `stated` by unsureness and seed."""

    taste: float
    slip: float
    rates: dict[str, list[float]]
    stated: dict[float, list[float]]

    @property
    def called(self) -> str:
        return f"taste={self.taste:g} slip={self.slip:g}"


def measured(taste: float, slip: float, unsure: Sequence[float], seeds: Sequence[int]) -> Cell:
    cell = Cell(taste, slip, {way: [] for way in ways.FROM_ANSWERS}, {one: [] for one in unsure})
    for seed in seeds:
        world = hidden.world(seed, taste=taste, slip=slip)
        for name, way in ways.FROM_ANSWERS.items():
            cell.rates[name].append(rate(world, way(world, np.random.default_rng(seed))))
        for one, found in cell.stated.items():
            found.append(rate(world, ways.stated(world, np.random.default_rng(seed), one)))
    return cell


def rate(world: hidden.World, mate: ways.Mates) -> float:
    """Pairs in which both would say yes, per seat (there are more mentees than seats)."""
    row = np.flatnonzero(mate != ways.NOBODY)
    return float(world.mutual[row, mate[row]].sum() / (hidden.MENTORS * hidden.SEATS))


def ratio(one: Sequence[float], other: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The ratio of the means over paired seeds, with the 95 % jackknife interval (Student's t)."""
    a, b = np.array(one), np.array(other)
    seeds = len(a)
    left_out = (a.sum() - a) / (b.sum() - b)
    middle = float(a.sum() / b.sum())
    error = np.sqrt((seeds - 1) / seeds * ((left_out - left_out.mean()) ** 2).sum())
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1) * error)
    return middle, (middle - reach, middle + reach)


def rows(cell: Cell) -> list[Row]:
    """Ours against every other way; the goals are about one-sided greedy and goal overlap."""
    found = []
    for way in (name for name in cell.rates if name != "ours"):
        middle, spread = ratio(cell.rates["ours"], cell.rates[way])
        found.append(
            Row(
                id=f"quality-{way} {cell.called}",
                what=f"mutual yes per seat, ours against {way}",
                unit="share",
                value=float(np.mean(cell.rates["ours"])),
                bound=float(np.mean(cell.rates[way])),
                ratio=middle,
                goal=GOAL,
                at_least=True,
                spread=spread,
                bounded_by=BOUNDED_BY,
            )
        )
    return found


def crossing(cell: Cell) -> float | None:
    """How unsure people have to be of what they state for ours to be as good; None: never on the curve."""
    ours = float(np.mean(cell.rates["ours"]))
    curve = [(unsure, float(np.mean(found))) for unsure, found in sorted(cell.stated.items())]
    for (left, high), (right, low) in itertools.pairwise(curve):
        if high >= ours > low:
            return left + (right - left) * (high - ours) / (high - low)
    return 0.0 if curve[0][1] < ours else None


def line(cell: Cell) -> str:
    """The curve of stated wishes as JSON; it has no goal."""
    return json.dumps(
        {
            "id": f"quality-stated {cell.called}",
            "value": round(float(np.mean(cell.rates["ours"])), 4),
            "bound": None,
            "ratio": None,
            "goal": None,
            "ok": None,
            "crossing": None if (at := crossing(cell)) is None else round(at, 3),
            "curve": {f"{one:g}": round(float(np.mean(found)), 4) for one, found in cell.stated.items()},
        }
    )


def show(console: Console, cells: Sequence[Cell], seeds: int) -> None:
    unsure = sorted(cells[0].stated)
    table = Table(
        title=f"Mutual yes per seat in %, {seeds} seeds; ratios with 95 % jackknife intervals", expand=False
    )
    headings = ("taste", "slip", *cells[0].rates, "ours / greedy", "ours / goals")
    stated = (*(f"stated ±{one:g}" for one in unsure), "crosses at")
    for name in (*headings, *stated):
        table.add_column(name, justify="right")
    for cell in cells:
        judged = {row.id.split()[0].removeprefix("quality-"): row for row in rows(cell)}
        at = crossing(cell)
        table.add_row(
            f"{cell.taste:g}",
            f"{cell.slip:g}",
            *(f"{100 * float(np.mean(found)):.1f}" for found in cell.rates.values()),
            *(_ratio(judged[way]) for way in AIMED_AT),
            *(f"{100 * float(np.mean(cell.stated[one])):.1f}" for one in unsure),
            "–" if at is None else f"±{at:.2f}",
        )
    console.print(table)


def _ratio(row: Row) -> str:
    colour = "green" if row.ok else "red"
    return f"[{colour}]{row.ratio:.2f}[/{colour}] ({row.spread[0]:.2f}–{row.spread[1]:.2f})"

"""A row of the table of targets, and how it is shown: a table for people, JSON lines for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """`value` and `bound` are in `unit`; `goal` is what `judged` has to reach, from below or from above.

    `ratio` is None where a goal is about the value itself. `spread` is the range over the repetitions of
    what is judged.
    """

    id: str
    what: str
    unit: str
    value: float
    bound: float | None
    ratio: float | None
    goal: float
    at_least: bool
    spread: tuple[float, float]
    bounded_by: str

    @property
    def judged(self) -> float:
        return self.value if self.ratio is None else self.ratio

    @property
    def ok(self) -> bool:
        return self.judged >= self.goal if self.at_least else self.judged <= self.goal

    def line(self) -> str:
        """The row as JSON; what a machine needs comes first."""
        return json.dumps(
            {
                "id": self.id,
                "value": _short(self.value),
                "bound": _short(self.bound),
                "ratio": _short(self.ratio),
                "goal": self.goal,
                "ok": self.ok,
                "unit": self.unit,
                "spread": [_short(end) for end in self.spread],
                "bounded_by": self.bounded_by,
            }
        )


def of(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Median and range."""
    return median(values), (min(values), max(values))


def show(
    console: Console, rows: Sequence[Row], *, title: str = "Speed of the plumbing: ratios in one run"
) -> None:
    table = Table(title=title, expand=False)
    for name in ("what", "value", "bound", "ratio", "range", "goal", "", "what bounds it"):
        table.add_column(name, overflow="fold", justify="left" if name.startswith("what") else "right")
    for row in rows:
        low, high = row.spread
        table.add_row(
            f"[bold]{row.id}[/bold]\n{row.what}",
            f"{row.value:,.4g}\n{row.unit}",
            "–" if row.bound is None else f"{row.bound:,.4g}",
            "–" if row.ratio is None else f"{row.ratio:.2f}",
            f"{low:.3g} – {high:.3g}",
            f"{'≥' if row.at_least else '≤'} {row.goal:g}",
            "[green]ok[/green]" if row.ok else "[red]missed[/red]",
            row.bounded_by,
        )
    console.print(table)


def write(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")

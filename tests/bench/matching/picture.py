"""The picture in services/matching/README.md: time, memory and gap against the number of mentees, as SVG.

python -m tests.bench.matching.picture POINTS.jsonl PICTURE.svg
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT, TOP, BOTTOM, LEFT, APART = 1120, 420, 84, 96, 62, 74
SAID = "Peers get finished weights and their solver alone is timed; ours computes the weights and proves."
PANEL = (WIDTH - LEFT - 2 * APART - 24) / 3
INK, FAINT, PAPER = "#1f2933", "#d9dee3", "#ffffff"
FONT = "font-family='Helvetica, Arial, sans-serif'"
SERIES = {
    "ours": ("ours: scores, solution and proof over all pairs", "#0b6e4f", 3.0),
    "scipy-dense": ("SciPy dense, finished matrix, solver alone", "#c2410c", 1.6),
    "ortools-all": ("OR-tools flow, all feasible pairs, solve() alone", "#1d4ed8", 1.6),
    "ortools-25": ("OR-tools flow, the best 25 of each mentee, solve() alone", "#7c3aed", 1.6),
}
MB_PER_GB = 1000
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Point:
    """`gap`: the share of the proven value that is missing. `cpu_s`: processor time of all threads.

    It is what is drawn: on a machine that does other things as well it can still be compared.
    """

    who: str
    mentees: int
    seconds: float
    cpu_s: float
    peak_mb: float
    gap: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the three: what it shows of a point, its ticks, and where a value stands (0 at the foot, 1)."""

    title: str
    of: Callable[[Point], float]
    ticks: Sequence[tuple[float, str]]
    logarithmic: bool = True

    def height(self, value: float) -> float:
        low, high = self.ticks[0][0], self.ticks[-1][0]
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(max(value, 1e-9))
        return (value - low) / (high - low)


def read(path: Path) -> list[Point]:
    return [Point(**json.loads(line)) for line in path.read_text().splitlines()]


def draw(points: Sequence[Point]) -> str:
    sizes = sorted({point.mentees for point in points})
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' {FONT} font-size='12'>",
        "<title>Time, memory and gap of the pairing engine and its peers</title>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='{PAPER}'/>",
        _text(LEFT, 28, SAID, size=13),
    ]
    for place, panel in enumerate(_panels(points)):
        parts += _panel(panel, LEFT + place * (PANEL + APART), points, sizes)
    return "\n".join([*parts, *_legend(points), "</svg>"]) + "\n"


def _panels(points: Sequence[Point]) -> tuple[Panel, Panel, Panel]:
    seconds = _decades([point.cpu_s for point in points])
    memory = _decades([point.peak_mb for point in points])
    gap = 100 * max(point.gap for point in points)
    step = next(one for one in STEPS if STEPS[-1] == one or 5 * one >= gap)
    ticks = [round(step * at, 2) for at in range(max(1, math.ceil(gap / step)) + 1)]
    return (
        Panel("Processor time, seconds", lambda point: point.cpu_s, [(at, f"{at:g}") for at in seconds]),
        Panel("Memory of the process", lambda point: point.peak_mb, [(at, _bytes(at)) for at in memory]),
        Panel(
            "Gap to the proven best, %",
            lambda point: 100 * point.gap,
            [(at, f"{at:g}") for at in ticks],
            logarithmic=False,
        ),
    )


def _decades(values: Sequence[float]) -> list[float]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def _bytes(megabytes: float) -> str:
    return f"{megabytes:g} MB" if megabytes < MB_PER_GB else f"{megabytes / MB_PER_GB:g} GB"


def _panel(panel: Panel, left: float, points: Sequence[Point], sizes: Sequence[int]) -> list[str]:
    foot, tall = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(mentees: int) -> float:
        return left + 10 + (PANEL - 20) * (math.log10(mentees) - first) / max(last - first, 1e-9)

    def y(value: float) -> float:
        return foot - tall * panel.height(value)

    parts = [_text(left, TOP - 22, panel.title, size=15, weight="bold")]
    for value, name in panel.ticks:
        parts.append(_line((left, y(value)), (left + PANEL, y(value)), FAINT, 1))
        parts.append(_text(left - 8, y(value) + 4, name, anchor="end"))
    for size in sizes:
        parts.append(_text(x(size), foot + 18, f"{size / 1000:g}k", anchor="middle"))
    parts.append(_text(left + PANEL / 2, foot + 36, "mentees (and 0.4 mentors for each)", anchor="middle"))
    for who in reversed(SERIES):
        own = sorted((point for point in points if point.who == who), key=lambda point: point.mentees)
        parts += _curve([(x(point.mentees), y(panel.of(point))) for point in own], who)
    return parts


def _curve(places: Sequence[tuple[float, float]], who: str) -> list[str]:
    _, colour, width = SERIES[who]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{width + 1.6:g}' fill='{colour}'/>" for x, y in places]
    return [f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='{width:g}'/>", *dots]


def _legend(points: Sequence[Point]) -> list[str]:
    parts = []
    shown = [who for who in SERIES if any(point.who == who for point in points)]
    for place, who in enumerate(shown):
        name, colour, width = SERIES[who]
        left, top = LEFT + (place % 2) * 520, HEIGHT - 34 + (place // 2) * 20
        parts.append(_line((left, top - 4), (left + 26, top - 4), colour, width))
        parts.append(_text(left + 34, top, name))
    return parts


def _line(start: tuple[float, float], end: tuple[float, float], colour: str, width: float) -> str:
    ends = f"x1='{start[0]:.1f}' y1='{start[1]:.1f}' x2='{end[0]:.1f}' y2='{end[1]:.1f}'"
    return f"<line {ends} stroke='{colour}' stroke-width='{width:g}'/>"


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, weight: str = "normal"
) -> str:
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-size='{size}' font-weight='{weight}'"
    return f"<text {place} fill='{INK}'>{escape(words)}</text>"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(draw(read(Path(sys.argv[1]))))

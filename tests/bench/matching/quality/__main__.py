"""`make bench-quality`: are our pairs those that people would say yes to? Seeded worlds with hidden likings.

Standard output carries JSON lines; what people read goes to standard error. See README.md beside this file's
folder for what such a simulation can show and what it cannot.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from services.matching import engine
from tests.bench import figures
from tests.bench.matching import stage
from tests.bench.matching.quality import verdict

TASTES = (0.0, 0.5, 1.0, 2.0)
SLIPS = (0.0, 0.5, 1.0)
UNSURE = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
SEEDS = 24
RESULTS = stage.ROOT / ".local" / "bench" / "quality.jsonl"
WIDTH = 190


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    console = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH)
    engine.warm()
    cells, began = [], time.monotonic()
    for taste, slip in itertools.product(TASTES, SLIPS):
        cells.append(verdict.measured(taste, slip, UNSURE, range(options.seeds)))
        console.print(f"{time.monotonic() - began:4.0f} s  {cells[-1].called}")
    verdict.show(console, cells, options.seeds)
    rows = [row for cell in cells for row in verdict.rows(cell)]
    lines = [*(row.line() for row in rows), *(verdict.line(cell) for cell in cells)]
    figures.write(options.out, lines)
    print("\n".join(lines))
    missed = [row.id for row in rows if not row.ok]
    console.print(f"Written to {options.out}. Missed: {', '.join(missed) or 'nothing'}.")
    return 1 if missed and options.strict else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-quality", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="worlds per point of the grid")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a goal is missed")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON lines are kept")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-hris`: what the doors of HR systems cost, measured on this machine in one run.

Standard output carries JSON lines, one per row; what people read goes to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
from rich.console import Console

from shared import log
from tests.bench import figures, ground
from tests.bench.figures import Row
from tests.bench.hris import leaving, scim, taking, webhook
from tests.bench.hris.house import House, Measure, Sizes

WIDTH = 160
TITLE = "The doors of HR systems"
RESULTS = ground.ROOT / ".local" / "bench" / "hris.jsonl"
ALL: Mapping[str, Measure] = {
    "take": taking.rows,
    "webhook": webhook.rows,
    "changes": scim.changes,
    "lookups": scim.lookups,
    "pages": scim.pages,
    "leavers": leaving.rows,
}


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    console = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH)
    sizes = Sizes() if options.people is None else replace(Sizes(), people=options.people)
    log.configure("bench", replica=0, level="WARNING")
    rows: list[Row] = []
    with ground.prepared(None) as made:
        house = House(made, sizes, console.print)
        began = time.monotonic()
        for called in options.row or tuple(ALL):
            load = psutil.getloadavg()[0]
            console.print(f"{time.monotonic() - began:4.0f} s  {called} … (load {load:.1f})")
            rows += asyncio.run(ALL[called](house))
    figures.show(console, rows, title=f"{TITLE}, {sizes.people:,} people in the table")
    lines = [row.line() for row in rows]
    figures.write(options.out, lines)
    print("\n".join(lines))
    missed = [row.id for row in rows if not row.ok]
    console.print(f"Written to {options.out}. Missed: {', '.join(missed) or 'nothing'}.")
    return 1 if missed and options.strict else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-hris", description=__doc__)
    parser.add_argument("--row", action="append", choices=ALL, help="only these rows")
    parser.add_argument("--people", type=int, help="how many people are in the table")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a goal is missed")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON lines are kept")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-matching`: every goal of the pairing engine, measured on this machine in one run.

Standard output carries JSON lines, one per row; what people read goes to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from rich.console import Console

from tests.bench import figures
from tests.bench.figures import Row
from tests.bench.matching import agreement, goals
from tests.bench.matching import stage as stages
from tests.bench.matching.stage import Stage

WIDTH = 160
TITLE = "The pairing engine's goals"
RESULTS = stages.ROOT / ".local" / "bench" / "matching.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    console = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH)
    peers = None if options.without_peers else options.peers
    if peers is not None and not peers.exists():
        console.print(f"The peers are missing at {peers}: run `python3 deploy/setup.py peers matching`.")
        return 2
    sizes = stages.FULL if os.environ.get("BENCH") == "full" else stages.Sizes()
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), sizes, peers)
        if peers is not None:
            console.print("Do the peers find what we find?")
            agreement.of_peers(stage)
        rows = _rows(console, stage, options.row or tuple(goals.ALL))
    figures.show(console, rows, title=f"{TITLE}, {sizes.people:,} mentees")
    lines = [row.line() for row in rows]
    figures.write(options.out, lines)
    print("\n".join(lines))
    missed = [row.id for row in rows if not row.ok]
    console.print(f"Written to {options.out}. Missed: {', '.join(missed) or 'nothing'}.")
    return 1 if missed and options.strict else 0


def _rows(console: Console, stage: Stage, wanted: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    began = time.monotonic()
    for called in wanted:
        console.print(f"{time.monotonic() - began:4.0f} s  {called} … (load {psutil.getloadavg()[0]:.1f})")
        found = goals.ALL[called](stage)
        for row in found:
            console.print(f"          {row.id}: {row.judged:.4g}, goal {row.goal:g}")
        rows += found
    return rows


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-matching", description=__doc__, epilog="BENCH=full in the environment: 100k × 40k."
    )
    parser.add_argument("--row", action="append", choices=goals.ALL, help="only these rows")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a goal is missed")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON lines are kept")
    parser.add_argument("--peers", type=Path, default=stages.PEER_PYTHON, help="the Python with the peers")
    parser.add_argument("--without-peers", action="store_true", help="only what needs no peer")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

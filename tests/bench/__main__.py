"""`make bench-events`: every target of the plumbing's speed, as ratios measured in one run.

Standard output carries JSON lines, one per row; what people read goes to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from rich.console import Console

from tests.bench import figures, ground, targets
from tests.bench.figures import Row

PEER_PYTHON = ground.ROOT / ".local" / "bench" / "venv" / "bin" / "python"
RESULTS = ground.ROOT / ".local" / "bench" / "events.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    console = Console(stderr=True)
    seed = random.randrange(10_000) if options.seed is None else options.seed
    sizes = targets.Sizes.around(options.events, seed)
    if not options.peers.exists():
        console.print(f"The peers are missing at {options.peers}: run `python3 deploy/setup.py peers`.")
        return 2
    with ground.prepared(options.peers) as stand:
        rows = asyncio.run(_measure(console, stand, sizes))
    figures.show(console, rows)
    lines = [row.line() for row in rows]
    figures.write(options.out, lines)
    print("\n".join(lines))
    missed = [row.id for row in rows if not row.ok]
    console.print(
        f"Written to {options.out}. " + (f"Missed: {', '.join(missed)}." if missed else "All reached.")
    )
    return 1 if missed and options.strict else 0


async def _measure(console: Console, stand: ground.Ground, sizes: targets.Sizes) -> list[Row]:
    rows: list[Row] = []
    began = time.monotonic()
    load = psutil.getloadavg()[0]
    console.print(
        f"{sizes.events:,} events, {sizes.repeats} times, seed {sizes.seed}; load before: {load:.1f}"
    )
    for number, (called, measure) in enumerate(targets.ALL.items(), 1):
        console.print(
            f"[{time.monotonic() - began:4.0f} s] {number}/{len(targets.ALL)} {called} …", markup=False
        )
        found = await measure(stand, sizes)
        for row in found:
            console.print(f"         {row.id}: {row.judged:.3g}, goal {row.goal:g}", markup=False)
        rows += found
    return rows


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-events", description=__doc__)
    parser.add_argument("--events", type=int, default=targets.Sizes.events, help="20000 is a quick form")
    parser.add_argument("--seed", type=int, help="of the pauses between events where nothing else happens")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a goal is missed")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON lines are kept")
    parser.add_argument("--peers", type=Path, default=PEER_PYTHON, help="the Python that has the peers")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

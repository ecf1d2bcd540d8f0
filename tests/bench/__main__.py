"""`make bench-events`: every target of the plumbing's speed, as ratios measured in one run.

Standard output carries JSON lines, one per row; what people read goes to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil
from rich.console import Console

from tests.bench import agreement, figures, ground, price_list, targets
from tests.bench.figures import Row
from tests.bench.kinds import Cost

PEER_PYTHON = ground.ROOT / ".local" / "bench" / "venv" / "bin" / "python"
WIDTH = 160
RESULTS = ground.ROOT / ".local" / "bench" / "events.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    console = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH)
    wanted = () if options.kinds else options.row or tuple(targets.ALL)
    peers = options.peers if targets.WITH_PEERS in wanted else None
    if peers is not None and not peers.exists():
        console.print(f"The peers are missing at {options.peers}: run `python3 deploy/setup.py peers`.")
        return 2
    seed = random.randrange(10_000) if options.seed is None else options.seed
    sizes = targets.Sizes.around(options.events, seed)
    rows: list[Row] = []
    costs: list[Cost] = []
    with ground.prepared(peers) as stand:
        if peers is not None:
            asyncio.run(agreement.of_peers(stand))
        if wanted:
            rows = asyncio.run(_rows(console, stand, sizes, wanted))
            figures.show(console, rows)
        if options.kinds or not (options.targets or options.row):
            costs = asyncio.run(_costs(console, stand, options.pairs))
            price_list.show(console, costs)
    lines = [*(row.line() for row in rows), *(price_list.line(cost) for cost in costs)]
    figures.write(options.out, lines)
    print("\n".join(lines))
    missed = [row.id for row in rows if not row.ok]
    console.print(f"Written to {options.out}. Missed: {', '.join(missed) or 'nothing'}.")
    return 1 if missed and options.strict else 0


async def _rows(
    console: Console, stand: ground.Ground, sizes: targets.Sizes, wanted: Iterable[str]
) -> list[Row]:
    rows: list[Row] = []
    began, load = time.monotonic(), psutil.getloadavg()[0]
    console.print(
        f"{sizes.events:,} events, {sizes.repeats} times, seed {sizes.seed}; load before: {load:.1f}"
    )
    for called in wanted:
        console.print(f"{time.monotonic() - began:4.0f} s  {called} …")
        found = await targets.ALL[called](stand, sizes)
        for row in found:
            console.print(f"          {row.id}: {row.judged:.3g}, goal {row.goal:g}")
        rows += found
    return rows


async def _costs(console: Console, stand: ground.Ground, pairs: int) -> list[Cost]:
    console.print(f"The cost of every kind of event, {pairs} pairs …")
    return await price_list.measured(stand, pairs)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-events", description=__doc__)
    parser.add_argument("--events", type=int, default=targets.Sizes.events, help="20000 is a quick form")
    parser.add_argument("--pairs", type=int, default=price_list.PAIRS, help="for the cost of every kind")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--kinds", action="store_true", help="only the cost of every kind of event")
    only.add_argument("--targets", action="store_true", help="only the targets")
    only.add_argument(
        "--row", action="append", choices=targets.ALL, help="only this one of the targets; may be given again"
    )
    parser.add_argument("--seed", type=int, help="of the pauses between events where nothing else happens")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a goal is missed")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON lines are kept")
    parser.add_argument("--peers", type=Path, default=PEER_PYTHON, help="the Python that has the peers")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

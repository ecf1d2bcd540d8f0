"""`make bench-picture`: the points of the picture, ours beside the peers', at sizes that finish.

python -m tests.bench.matching.curve [--sizes 1000 5000 20000 100000] [--out points.jsonl]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from rich.console import Console

from tests.bench import figures
from tests.bench.matching import proofs, stage
from tests.bench.matching.stage import Stage
from tests.bench.matching.worker import Found

SIZES = (1_000, 5_000, 20_000, 100_000)
WHOLE_MAX = 20_000
LISTED = 25
RESULTS = stage.ROOT / ".local" / "bench" / "curve.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    console = Console(stderr=True)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        here = Stage(Path(folder), stage.Sizes(), None if options.without_peers else stage.PEER_PYTHON)
        for mentees in options.sizes:
            for line in points(here, mentees, options.repeats):
                console.print(line)
                lines.append(line)
                figures.write(options.out, lines)
    return 0


def points(here: Stage, mentees: int, repeats: int) -> Iterator[str]:
    """Medians of the repetitions, as JSON lines; the gap is to our proven value."""
    index = proofs.company(here, mentees)
    ours = [here.ours("proven", index=index, early=0) for _ in range(repeats)]
    best = ours[0]["value"]
    yield _line("ours", mentees, ours, best)
    if here.peer_python is None:
        return
    graph = here.home / "best-25.npz"
    here.ours("one-sided", index=index, graph=graph, listed=LISTED)
    runs = [here.peer("peer_ortools", "flow", graph=graph) for _ in range(repeats)]
    yield _line("ortools-25", mentees, runs, best)
    if mentees > WHOLE_MAX:
        return
    files = {"weights": here.home / "all.npy", "capacity": here.home / "seats.npy"}
    here.ours("matrix", index=index, **files)
    yield _line(
        "scipy-dense", mentees, [here.peer("peer_scipy", "dense", **files) for _ in range(repeats)], best
    )
    here.ours("one-sided", index=index, graph=graph, listed=None)
    runs = [here.peer("peer_ortools", "flow", graph=graph) for _ in range(repeats)]
    yield _line("ortools-all", mentees, runs, best)


def _line(who: str, mentees: int, runs: Sequence[Found], best: int) -> str:
    return json.dumps(
        {
            "who": who,
            "mentees": mentees,
            "cpu_s": round(min(run["cpu_s"] for run in runs), 4),
            "seconds": round(median(run["seconds"] for run in runs), 4),
            "peak_mb": round(max(run["peak_mb"] for run in runs), 1),
            "gap": max(run.get("gap", best - run["value"]) for run in runs) / best,
        }
    )


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-picture", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="mentees")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the points are kept")
    parser.add_argument("--without-peers", action="store_true", help="only ours")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

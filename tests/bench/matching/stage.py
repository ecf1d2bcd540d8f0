"""Where measuring processes are started: ours in the product's environment, each peer in the peers'."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.figures import of
from tests.bench.ground import Failed
from tests.bench.matching.worker import Found

ROOT = Path(__file__).parents[3]
PEER_PYTHON = ROOT / ".local" / "bench" / "matching" / "bin" / "python"
WORKER_TIMEOUT_S = 1_800.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many mentees each measurement has (0.4 mentors for each: `projected` are 20,000 people).

    The seed is the market's.
    """

    people: int = 20_000
    dense: int = 20_000
    hard: int = 20_000
    forced: int = 5_000
    forced_pairs: int = 500
    stable: int = 150
    peers: int = 1_000
    groups: int = 2_000
    events: int = 1_000
    searches: int = 500
    searched: int = 100_000
    projected: int = 14_286
    repeats: int = 3
    seed: int = 0


FULL = Sizes(people=100_000, peers=2_000, groups=5_000)


@dataclass(frozen=True, slots=True)
class Stage:
    """`home` is for files between processes; without `peer_python` the peers are not measured."""

    home: Path
    sizes: Sizes
    peer_python: Path | None = None

    def ours(self, what: str, *, env: Mapping[str, str] | None = None, **spec: Any) -> Found:
        """One measurement of the product in a process of its own."""
        return self._run([sys.executable, "-m", "tests.bench.matching.ours", what], spec, env or {})

    def peer(self, module: str, what: str, **spec: Any) -> Found:
        return self._run([str(self.peer_python), "-m", f"tests.bench.matching.{module}", what], spec, {})

    def _run(self, command: Sequence[str], spec: dict[str, Any], env: Mapping[str, str]) -> Found:
        result, log = self.home / "result.json", self.home / "worker.log"
        result.unlink(missing_ok=True)
        told = json.dumps({**spec, "result": str(result)}, default=str)
        with log.open("wb") as output:
            try:
                code = subprocess.run(
                    [*command, told],
                    cwd=ROOT,
                    env={**os.environ, "PYTHONPATH": str(ROOT), **env},
                    stdout=output,
                    stderr=output,
                    timeout=WORKER_TIMEOUT_S,
                ).returncode
            except subprocess.TimeoutExpired:
                code = -1
        if code != 0 or not result.exists():
            last = log.read_text(errors="replace")[-2_000:]
            raise Failed(f"{' '.join(command[2:])} ended with {code}: {last}")
        found: Found = json.loads(result.read_text())
        return found


@dataclass(frozen=True, slots=True)
class Side:
    """What one side needed over the repetitions."""

    seconds: float
    spread: tuple[float, float]
    cpu_s: float
    peak_mb: float
    value: int


def side(runs: Sequence[Found]) -> Side:
    """The median of the repetitions, which must all have found the same value."""
    seconds, spread = of([run["seconds"] for run in runs])
    values = {run["value"] for run in runs}
    if len(values) != 1:
        raise Failed(f"the repetitions found different values: {sorted(values)}")
    return Side(
        seconds, spread, min(run["cpu_s"] for run in runs), max(run["peak_mb"] for run in runs), values.pop()
    )


def same_value(what: str, one: int, other: int) -> None:
    """Raises Failed unless two exact solvers agree."""
    if one != other:
        raise Failed(f"{what}: {one} is not {other}, although both solvers are exact")

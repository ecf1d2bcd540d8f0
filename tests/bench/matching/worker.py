"""What every measuring process of this bench does: one measurement, its figures as JSON in a file.

    python -m tests.bench.matching.ours WHAT '{"result": "/tmp/x.json", …}'

Nothing of the product is imported here: the peers' processes use it too.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Spec = Mapping[str, Any]
Found = dict[str, Any]
MB = 1024.0


class Graph(NamedTuple):
    """A sparse graph in rows, as `engine.solve_graph` takes it."""

    ptr: npt.NDArray[np.int64]
    col: npt.NDArray[np.int64]
    weight: npt.NDArray[np.int64]
    capacity: npt.NDArray[np.int64]

    @property
    def mentees(self) -> int:
        return len(self.ptr) - 1

    @property
    def row(self) -> npt.NDArray[np.int64]:
        return np.repeat(np.arange(self.mentees), np.diff(self.ptr))

    def save(self, path: Path) -> None:
        np.savez(path, **self._asdict())


def graph(path: str) -> Graph:
    with np.load(path) as kept:
        return Graph(kept["ptr"], kept["col"], kept["weight"], kept["capacity"])


class Clock:
    """Wall and CPU time since it was made, and the most memory that the process had meanwhile."""

    def __init__(self) -> None:
        # 5 sets the mark of the highest resident size back to the present one.
        Path("/proc/self/clear_refs").write_text("5")
        self.before_mb = _memory_mb("VmRSS")
        self._began, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Found:
        seconds, cpu = time.perf_counter() - self._began, time.process_time() - self._cpu
        return {"seconds": seconds, "cpu_s": cpu, "peak_mb": _memory_mb("VmHWM"), "before_mb": self.before_mb}


def run(measurements: Mapping[str, Callable[[Spec], Found]]) -> None:
    """The body of a worker: measures what the command line names."""
    what, told = sys.argv[1:3]
    spec = json.loads(told)
    found = measurements[what](spec)
    Path(spec["result"]).write_text(json.dumps(found))


def _memory_mb(mark: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{mark}:"):
            return int(line.split()[1]) / MB
    raise LookupError(mark)

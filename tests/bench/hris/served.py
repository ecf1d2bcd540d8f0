"""Matching as the product serves it, in a process of its own, with one more task: how long the loop is held.

python -m tests.bench.hris.served        (settings from the environment, as always; BENCH_PROBE names a file)
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from services.matching.service import build
from services.matching.settings import Settings
from shared import log, run
from shared.tx import Door

TICK_S = 0.001
WINDOW_S = 0.05
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Held:
    """What the probe has written: lines of monotonic time and the longest hold in the window before it.

    Held is processor time of the loop's thread: what other processes take from it does not count.
    """

    file: Path

    async def longest_s(self, since: float) -> float:
        """The longest time for which nothing else ran, from `since` (monotonic seconds) until now."""
        now = time.monotonic()
        while not any(at >= now for at, _ in self._seen()):
            if time.monotonic() > now + PATIENCE_S:
                raise TimeoutError(f"{self.file} tells nothing of the loop")
            await asyncio.sleep(0.02)
        return max((held for at, held in self._seen() if at > since), default=0.0)

    def _seen(self) -> list[tuple[float, float]]:
        lines = (line.partition(" ") for line in self.file.read_text().splitlines())
        return [(float(at), float(held)) for at, _, held in lines if held]


async def probe(_door: Door) -> None:
    file = Path(os.environ["BENCH_PROBE"])
    longest, written = 0.0, time.monotonic()
    while True:
        began = time.thread_time()
        await asyncio.sleep(TICK_S)
        now = time.monotonic()
        longest = max(longest, time.thread_time() - began)
        if now - written > WINDOW_S:
            _note(file, f"{now} {longest}\n")
            longest, written = 0.0, now


def _note(file: Path, line: str) -> None:
    with file.open("a") as notes:
        notes.write(line)


def main() -> int:
    service = build(Settings())  # type: ignore[call-arg]
    log.configure(service.name, replica=0, level=service.settings.log_level)
    return asyncio.run(run.serve(replace(service, loops=(*service.loops, probe))))


if __name__ == "__main__":
    sys.exit(main())

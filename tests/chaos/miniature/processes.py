"""The harness's side of the nursery: processes that can be armed, frozen, killed and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests import infra

WITHIN_S = 30.0


@dataclass(eq=False)
class Process:
    """One life of a speaker or a listener. `points` is the folder in which its crash points are armed."""

    pid: int
    points: Path
    ended: asyncio.Future[int]

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        await asyncio.wait_for(asyncio.shield(self.ended), WITHIN_S)

    async def frozen(self) -> None:
        """Returns once the process stands still."""
        process = psutil.Process(self.pid)
        await infra.eventually(
            lambda: process.status() == psutil.STATUS_STOPPED, "it is frozen", within_s=WITHIN_S
        )

    def arm(self, point: str, word: str) -> None:
        arm(self.points, point, word)

    async def held(self, point: str) -> None:
        path = self.points / f"{point}.held"
        await infra.eventually(path.exists, f"somebody is held at {point}", within_s=WITHIN_S)

    def let_go(self, point: str) -> None:
        (self.points / f"{point}.held").unlink()


def arm(folder: Path, point: str, word: str) -> None:
    """The word is there at once and whole."""
    folder.mkdir(exist_ok=True)
    draft = folder / f".{point}"
    draft.write_text(word)
    draft.rename(folder / point)


@dataclass(eq=False)
class Nursery:
    """Where processes are born. All of them end with it."""

    _server: asyncio.subprocess.Process
    _born: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    _ends: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def born(self, role: str, env: Mapping[str, str], log: Path, points: Path) -> Process:
        wish = {"role": role, "env": {**env, "MENTORING_CRASH_POINTS": str(points)}, "log": str(log)}
        assert self._server.stdin is not None
        async with self._asking:
            self._server.stdin.write(json.dumps(wish).encode() + b"\n")
            pid = await asyncio.wait_for(self._born.get(), WITHIN_S)
        return Process(pid, points, self._ends[pid])

    async def listen(self) -> None:
        assert self._server.stdout is not None
        async for line in self._server.stdout:
            told = json.loads(line)
            if "born" in told:
                self._ends[told["born"]] = asyncio.get_running_loop().create_future()
                self._born.put_nowait(told["born"])
            elif "ended" in told:
                self._ends[told["ended"]].set_result(told["status"])


@contextlib.asynccontextmanager
async def nursery(*before: Path) -> AsyncIterator[Nursery]:
    """A nursery whose processes import from `before` first, from this checkout after it."""
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.miniature.nursery",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=before[0] if before else infra.ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*before, infra.ROOT)))},
    )
    made = Nursery(server)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        server.kill()
        await server.wait()
        await asyncio.wait_for(listening, WITHIN_S)

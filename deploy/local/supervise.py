"""Keeps the parts of a stack alive: a part that dies is started again, and its death is told."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deploy.local import child
from deploy.local.child import Child, Trouble

WATCH_S = 0.1
PATIENCE_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
SETTLED_AFTER_S = 20.0
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 12.0


@dataclass(eq=False)
class Part:
    """One process of the stack. `spawn` starts it, `answers` tells whether it is of use already."""

    name: str
    child: Child
    spawn: Callable[[], None]
    answers: Callable[[], bool]
    wanted: bool = False
    deaths: int = 0
    _next_try: float | None = None
    _tries: int = 0

    async def start(self) -> None:
        """Returns when the part is of use. Raises Trouble when it does not get there."""
        self.spawn()
        await self.came_up()

    async def came_up(self) -> None:
        """Waits until the part that was spawned is of use; from then on it is kept alive."""
        await child.until(self.answers, self.child, timeout_s=START_TIMEOUT_S)
        self.wanted = True

    async def stop(self) -> float:
        """Asks the part to end, kills it if it does not; it stays away. Returns the seconds it took."""
        self.wanted = False
        return await self.child.stopped(STOP_TIMEOUT_S)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def ready(self) -> None:
        """Returns when the part is of use, however often it has to be started until then."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (self.child.alive and self.answers()):
            if time.monotonic() > deadline:
                raise Trouble(f"{self.name} is not back after {START_TIMEOUT_S:.0f} s; see {self.child.log}.")
            await asyncio.sleep(WATCH_S)

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> int | None:
        """kill -9; the supervisor starts the part again. Returns the number of the killed process."""
        pid = self.child.pid
        self.child.send(sig)
        return pid

    def freeze(self) -> None:
        """Holds the process: its connections stay open and nobody answers."""
        self.child.freeze()

    def thaw(self) -> None:
        self.child.thaw()

    def revive(self, now: float) -> str | None:
        """Starts the part again if it is dead, wanted and due. Returns what to tell."""
        if self.child.alive or not self.wanted:
            return None
        if self._next_try is None:
            self.deaths += 1
            self._tries = 0 if self.child.age_s > SETTLED_AFTER_S else self._tries
            self._next_try = now + self._wait_s
            later = f" in {self._wait_s:g} s" if self._wait_s else ""
            return f"{self.name} {self.child.ended_by}; it is started again{later}."
        if now < self._next_try:
            return None
        self._tries += 1
        try:
            self.spawn()
        except Trouble as trouble:
            self._next_try = now + self._wait_s
            return str(trouble)
        self._next_try = None
        return f"{self.name} is back as process {self.child.pid}."

    @property
    def _wait_s(self) -> float:
        return PATIENCE_S[min(self._tries, len(PATIENCE_S) - 1)]


@dataclass(eq=False)
class Supervisor:
    """Watches parts until it is cancelled. `tell` gets one sentence for each thing that happens."""

    parts: Sequence[Part]
    tell: Callable[[str], None]
    changed: Callable[[], None]
    told: list[str] = field(default_factory=list)

    async def watch(self) -> None:
        while True:
            for part in self.parts:
                sentence = part.revive(time.monotonic())
                if sentence is not None:
                    self.told.append(sentence)
                    self.changed()
                    self.tell(sentence)
            await asyncio.sleep(WATCH_S)


async def stop_all(parts: Sequence[Part]) -> None:
    """Asks all to end at once and waits for the slowest."""
    for part in parts:
        part.wanted = False
    await asyncio.gather(*(part.child.stopped(STOP_TIMEOUT_S) for part in parts))

"""Which fault strikes when: drawn from a seed, one after another, the slow ones side by side with others."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.tx import AWAY
from tests.chaos.faults import KINDS
from tests.chaos.faults.scene import Scene

GAP_S = (1.5, 3.5)
SLOW_AT_ONCE = 2
LAST = "all processes killed at once"


@dataclass(frozen=True)
class Struck:
    """A fault that is over: when it began and ended, in seconds of the run, and in words what it was."""

    kind: str
    began_s: float
    ended_s: float
    what: str
    trouble: str = ""


@dataclass(eq=False)
class Schedule:
    """`kinds` are the names of what may strike; each strikes once before any strikes again."""

    scene: Scene
    kinds: Sequence[str]
    tell: Callable[[Struck], None]
    began: float = field(default_factory=time.monotonic)
    struck: list[Struck] = field(default_factory=list)
    _bag: list[str] = field(default_factory=list)
    _claimed: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def chance(self) -> random.Random:
        return self.scene.chance

    @property
    def by_kind(self) -> Counter[str]:
        return Counter(one.kind for one in self.struck)

    async def run(self, enough: Callable[[Schedule], bool], stop: asyncio.Event) -> None:
        """Strikes until it is enough or `stop` is set; then all faults are over."""
        while not (enough(self) or stop.is_set()):
            kind = await self._next(stop)
            if kind is None:
                break
            task = asyncio.create_task(self._strike(kind))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if KINDS[kind].brief:
                await asyncio.wait([task])
            await self._pause(stop)
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def last(self) -> None:
        """Every process of ours is killed at one moment; over when all are back."""
        stage, began = self.scene.stage, self._now()
        self.scene.resent += 2
        await asyncio.gather(*(stage.kill(part) for part in stage.processes))
        self._note(Struck(LAST, began, self._now(), f"{len(stage.processes)} processes"))

    async def _next(self, stop: asyncio.Event) -> str | None:
        """The next kind out of the bag whose things nobody has hold of; None when it is over before."""
        while not stop.is_set():
            if not self._bag:
                self._bag = self.chance.sample(list(self.kinds), len(self.kinds))
            slow = sum(not KINDS[name].brief for name in self.kinds if self._claimed[name])
            for name in self._bag:
                kind = KINDS[name]
                free = not any(self._claimed[claim] for claim in kind.claims)
                if free and (kind.brief or slow < SLOW_AT_ONCE):
                    self._bag.remove(name)
                    return name
            await self._pause(stop)
        return None

    async def _strike(self, name: str) -> None:
        kind, began = KINDS[name], self._now()
        held = [name, *kind.claims]
        self._claimed.update(held)
        trouble = what = ""
        try:
            what = await kind.strike(self.scene)
        except AWAY as error:
            trouble = f"{type(error).__name__}: {error}"
        finally:
            self._claimed.subtract(held)
        self._note(Struck(name, began, self._now(), what, trouble))

    async def _pause(self, stop: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self.chance.uniform(*GAP_S)):
                await stop.wait()
        except TimeoutError:
            return

    def _note(self, one: Struck) -> None:
        self.struck.append(one)
        self.tell(one)

    def _now(self) -> float:
        return round(time.monotonic() - self.began, 1)

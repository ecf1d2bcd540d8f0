"""What a fault has to hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from deploy.local.databases import SERVICES
from deploy.local.supervise import Part
from tests.chaos.stage import Stage


@dataclass(eq=False)
class Scene:
    """`marks` and `strangers` are by what the harness's own records and events are known. `resent` is how
    many mails may have come twice: where something was struck between sending and settling. `held` are the
    services of which a process is being struck."""

    stage: Stage
    chance: random.Random
    bulk: Callable[[], str]
    """The employee number of somebody whose card changes again and again."""
    marks: set[str] = field(default_factory=set)
    strangers: set[UUID] = field(default_factory=set)
    resent: int = 0
    held: set[str] = field(default_factory=set)

    @contextmanager
    def somebody(self, *, only_second: bool = False) -> Iterator[Part]:
        """A process of a service of which no other process is being struck."""
        free = [service for service in SERVICES if service not in self.held]
        service = self.chance.choice(free)
        replicas = self.stage.replicas(service)
        part = replicas[1] if only_second else self.chance.choice(replicas)
        self.held.add(service)
        self.resent += service == "notifications"
        try:
            yield part
        finally:
            self.held.discard(service)

    def seconds(self, low: float, high: float) -> float:
        return self.chance.uniform(low, high)

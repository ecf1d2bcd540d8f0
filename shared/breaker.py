"""Stops a consumer that fails too often: a bad deploy must stop, not empty the topic into `parked`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["applied", "repeated", "failed", "waiting"]

WINDOW = 100
SHARE_MAX = 0.2
RUN_MAX = 50


class Breaker:
    """Trips at more than 20 % failures of the last 100 handled events, or at 50 failures in a row.

    Repeats and events that wait for others say nothing about the code and are not counted.
    """

    def __init__(self) -> None:
        self._window: deque[bool] = deque(maxlen=WINDOW)
        self._run = 0

    def trips(self, outcomes: Iterable[Outcome]) -> bool:
        """Counts outcomes and tells whether the consumer has to stop."""
        for outcome in outcomes:
            if outcome in ("applied", "failed"):
                failed = outcome == "failed"
                self._window.append(failed)
                self._run = self._run + 1 if failed else 0
        many = len(self._window) == WINDOW and sum(self._window) > SHARE_MAX * WINDOW
        return many or self._run >= RUN_MAX

    def trial(self) -> Breaker:
        """One that has counted the same, for outcomes of which a commit still has to make facts."""
        other = Breaker()
        other.adopt(self)
        return other

    def adopt(self, other: Breaker) -> None:
        """Counts from now on as the other has counted."""
        self._window, self._run = other._window.copy(), other._run

    def reset(self) -> None:
        self._window.clear()
        self._run = 0

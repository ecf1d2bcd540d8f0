"""What an invariant found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Fault = Literal["lost", "doubled", "out of order", "wrong"]
NAMED = 5


@dataclass(frozen=True)
class Finding:
    """Something an invariant forbids: how many of them, what, and which (a few of them)."""

    kind: Fault
    many: int
    what: str
    which: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.many} {self.what}" + (f" ({', '.join(self.which)})" if self.which else "")


@dataclass(frozen=True)
class Stated:
    """An invariant with how much it looked at, and what it found against itself."""

    name: str
    looked_at: int
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return not self.findings


def found(kind: Fault, what: str, which: Iterable[object]) -> list[Finding]:
    """One finding for all of these, none where there are none."""
    named = sorted(str(one) for one in which)
    return [Finding(kind, len(named), what, tuple(named[:NAMED]))] if named else []


def stated(name: str, looked_at: int, *findings: Iterable[Finding]) -> Stated:
    return Stated(name, looked_at, tuple(one for some in findings for one in some))

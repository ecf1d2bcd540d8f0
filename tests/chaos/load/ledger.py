"""What the product has acknowledged, in a file that is only appended to, outside of the product."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

Fact: TypeAlias = tuple[str, ...]
"""A topic, and the values of the fields by which an event of it is known."""

KNOWN_BY: Mapping[str, tuple[str, ...]] = {
    "person-changed": ("employee_number", "title"),
    "programme-changed": ("programme_id",),
    "participant-invited": ("programme_id", "person_id"),
    "participant-joined": ("programme_id", "person_id", "role"),
    "match-proposed": ("match_id",),
    "match-declined": ("match_id",),
    "match-made": ("match_id",),
    "agreement-confirmed": ("match_id",),
    "session-moved": ("session_id", "sequence"),
    "session-cancelled": ("session_id",),
    "session-completed": ("session_id",),
    "feedback-submitted": ("session_id", "author_id"),
}
"""The fields that tell an acknowledged event from all others of its topic."""


class Ledger:
    """One line for each answer, written before anything else is done with it. A new campaign begins a new
    file; from then on it is only appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commands = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._file = path.open("a", buffering=1)

    def acknowledged(self, facts: Iterable[Fact]) -> None:
        """The product has answered that all of these happened."""
        self.commands += 1
        self._file.write(json.dumps([list(fact) for fact in facts]) + "\n")

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[Fact]:
    """Every acknowledged fact, once."""
    facts = (tuple(fact) for line in path.read_text().splitlines() for fact in json.loads(line))
    return list(dict.fromkeys(facts))

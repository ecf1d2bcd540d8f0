"""The words people use for goals and experience: O*NET's 35 skills and 33 knowledge areas.

`skills.csv` is derived from the O*NET 29.3 database (see NOTICE); codes are O*NET element ids.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill (`kind` "skill") or knowledge area ("knowledge")."""

    code: str
    name: str
    kind: str

    @property
    def family(self) -> str:
        """The group in O*NET's content model: `2.A.1` for `2.A.1.b`, `2.C.6` for itself."""
        return ".".join(self.code.split(".")[:3])


def skills() -> Mapping[str, Skill]:
    """All skills by code, in O*NET's order. Reads the file: ask once and keep the answer."""
    with Path(__file__).with_name("skills.csv").open(encoding="utf-8", newline="") as rows:
        return MappingProxyType({row["code"]: Skill(**row) for row in csv.DictReader(rows)})

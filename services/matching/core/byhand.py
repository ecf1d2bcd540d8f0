"""What an administrator says about somebody, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from services.matching.core import roster
from services.matching.core.facts import FactKind


@dataclass(frozen=True)
class Word:
    """`on` is the day from which it holds, empty: at once; `until` the last day of a leave."""

    kind: FactKind
    fields: Mapping[str, str | None] = field(default_factory=dict)
    on: date | None = None
    until: date | None = None


def hire(fields: Mapping[str, str | None], zones: Mapping[str, str], *, effective_on: date | None) -> Word:
    """Somebody new; `zones` has the time zones of sites by `roster.site_key`."""
    zone = fields.get("time_zone") or zones.get(roster.site_key(fields.get("site") or ""))
    return Word("hire", {**fields, "time_zone": zone or ""}, effective_on)


def change(fields: Mapping[str, str | None], *, effective_on: date | None) -> Word:
    """Another manager alone is a word of its own."""
    kind: FactKind = "manager" if set(fields) == {"manager_employee_number"} else "change"
    return Word(kind, fields, effective_on)

"""Reporting lines: whom everybody names as manager, without going round in circles.

Whoever reports to themselves over others reports to nobody until somebody corrects it: of the words that make
a circle the newest one is left out. So it does not matter which of them came in last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.matching.core import people
from services.matching.core.ids import PersonId


@dataclass(frozen=True)
class Named:
    """Whom somebody's newest word names as manager, when that was said, and whose word it is."""

    manager_id: PersonId
    said_at: datetime
    employee_number: str


def left_out(named: Mapping[PersonId, Named], starts: Collection[PersonId]) -> set[PersonId]:
    """Whose manager is not taken as such, of all circles that one comes to from `starts`.

    `named` has everybody above them. There is at most one circle above anybody.
    """
    found: set[PersonId] = set()
    seen: set[PersonId] = set()
    for start in starts:
        path: dict[PersonId, None] = {}
        one = start
        while one in named and one not in seen:
            seen.add(one)
            path[one] = None
            one = named[one].manager_id
        if one in path:
            line = list(path)
            found.add(max(line[line.index(one) :], key=lambda each: _newness(named[each])))
    return found


def _newness(one: Named) -> tuple[datetime, tuple[int, str]]:
    return one.said_at, people.in_order(one.employee_number)

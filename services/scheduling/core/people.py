"""Who meets: the few lines of a person's card that scheduling needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.scheduling.core import slots
from services.scheduling.core.ids import PersonId


@dataclass(frozen=True)
class Person:
    """`time_zone` is an IANA name, `status` what the company's records say: active, leave, …"""

    person_id: PersonId
    version: int
    employee_number: str
    given_name: str
    family_name: str
    time_zone: str
    status: str = "active"

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


def weekly(hours: Iterable[tuple[int, str, str]]) -> tuple[slots.Hours, ...]:
    """Working hours from (weekday, "HH:MM", "HH:MM"); one that ends before it starts is none."""
    found = (slots.Hours(weekday, _minutes(opens), _minutes(closes)) for weekday, opens, closes in hours)
    return tuple(one for one in found if one.opens_minute < one.closes_minute)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)

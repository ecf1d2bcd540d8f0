"""People as HR knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.matching.core.ids import PersonId

STATUSES = ("active", "leave", "inactive", "terminated")
COMPANY = "company"
POOLS: Mapping[str, str] = {
    "": "this company",
    "workplace": "another workplace",
    "alumni": "the alumni",
    "association": "an association",
}
"""Where a person may come from, with words that stand after "from"."""


@dataclass(frozen=True)
class Card:
    """What HR says about a person. `time_zone` is an IANA name, `pool` where the person comes from ("": the
    company itself)."""

    employee_number: str
    user_name: str
    given_name: str
    family_name: str
    work_email: str
    title: str
    department: str
    site: str
    time_zone: str
    manager_employee_number: str | None
    hire_date: date | None
    status: str
    pool: str = ""


@dataclass(frozen=True)
class Person:
    """A card and what we add to it. `manager_id` is empty as long as the manager is not known here."""

    id: PersonId
    card: Card
    manager_id: PersonId | None
    effective_date: date
    version: int
    created_at: datetime

    @property
    def name(self) -> str:
        return f"{self.card.given_name} {self.card.family_name}".strip()


def pool_code(pool: str) -> str:
    """A pool as programmes and programs name it."""
    return pool or COMPANY


def name_key(text: str) -> str:
    """User names and addresses are the same when they differ in case alone."""
    return text.casefold()


def in_order(employee_number: str) -> tuple[int, str]:
    """Sorts employee numbers: 9 comes before 10."""
    return len(employee_number), employee_number

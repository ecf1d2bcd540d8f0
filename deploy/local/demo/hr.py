"""The company's HR system, as the product meets it: everybody who works here, and what happens to them.

The people, their titles, managers and hire dates are those of the sample company. What happens to them in the
story (transfers, new managers, leaves, terminations, one of them called off, a return) is made up from the
seed: the sample has nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from deploy.local import chance
from deploy.local.company.made_up import SITES, Person

Kind = Literal[
    "hire",
    "change",
    "manager",
    "leave",
    "inactive",
    "return",
    "termination",
    "termination-cancelled",
    "rehire",
]

HOUR = time(14)
"""UTC: when HR's desk sends what has changed."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Happening:
    """Something that HR will say at `at`. Nobody's number (0): who it is about turns out in the story."""

    at: datetime
    kind: Kind
    number: int
    about: Mapping[str, Any] = field(default_factory=dict)


def plan(people: Sequence[Person], begin: datetime, end: datetime, *, seed: int) -> list[Happening]:
    """What happens to whom: a handful of each kind for every sixty people, all of it made up.

    It happens to those who lead nobody and are not the head of the programmes: so a team keeps its manager.
    """
    leads = {one.employee.manager for one in people}
    free = [one for one in people if one.number not in leads]
    drawn = iter(sorted(free, key=lambda one: chance.share(seed, one.number, "hr")))
    many = max(1, len(people) // 60)
    when = _Calendar(begin, end)
    found: list[Happening] = []
    for place, kind in ((0.25, "transfer"), (0.3, "manager"), (0.35, "leave"), (0.5, "termination")):
        for turn in range(many):
            one = next(drawn, None)
            if one is not None:
                at = when.day(place + 0.4 * turn / many)
                found += _happens(kind, one, at, back=when.day(0.8), leads=leads, seed=seed)
    for kind in ("called off", "doubt", "rehire"):
        one = next(drawn, None)
        if one is not None:
            found += _happens(kind, one, when.day(0.45), back=when.day(0.8), leads=leads, seed=seed)
    found.append(Happening(when.day(0.7), "manager", 0))
    return sorted(found, key=lambda one: (one.at, one.number))


@dataclass(frozen=True)
class _Calendar:
    """The days of a story, on which HR's desk sends at its hour."""

    begin: datetime
    end: datetime

    def day(self, part: float) -> datetime:
        passed = (self.end - self.begin).days * part
        return datetime.combine((self.begin + timedelta(days=round(passed))).date(), HOUR, UTC)


def into_line(mentee: Person, mentor: Person, at: datetime) -> Happening:
    """A partner becomes the manager: the pair is to be looked at."""
    return Happening(at, "manager", mentee.number, _reports_to(mentor.number))


def _reports_to(number: int) -> Mapping[str, Any]:
    return {"fields": {"manager_employee_number": str(number)}}


def _happens(
    what: str, one: Person, at: datetime, *, back: datetime, leads: Collection[int | None], seed: int
) -> Iterator[Happening]:
    number = one.number
    if what == "transfer":
        site = chance.among([site for site in SITES if site != one.site], seed, number, "transfer")
        fields = {"site": site.name, "time_zone": site.time_zone}
        yield Happening(at, "change", number, {"fields": fields})
    elif what == "manager":
        others = sorted(lead for lead in leads if lead not in (None, one.employee.manager))
        if others:
            yield Happening(at, "manager", number, _reports_to(chance.among(others, seed, number, "manager")))
    elif what == "leave":
        days = chance.whole(5, 16, seed, number, "leave")
        yield Happening(at, "leave", number, {"until": (at + days * A_DAY).date()})
    elif what == "termination":
        yield Happening(at, "termination", number)
    elif what == "called off":
        yield Happening(at, "termination", number, {"effective_on": (at + 10 * A_DAY).date()})
        yield Happening(at + 3 * A_DAY, "termination-cancelled", number)
    elif what == "doubt":
        yield Happening(at, "inactive", number)
        yield Happening(at + 6 * A_DAY, "return", number)
    else:
        yield Happening(at, "termination", number)
        yield Happening(max(back, at + A_DAY), "rehire", number, _card(one))


def _card(one: Person) -> Mapping[str, Any]:
    employee = one.employee
    fields = {
        "employee_number": str(one.number),
        "user_name": employee.login,
        "given_name": one.given_name,
        "family_name": one.family_name,
        "work_email": one.email,
        "title": employee.title,
        "department": employee.department,
        "site": one.site.name,
        "time_zone": one.site.time_zone,
        "manager_employee_number": None if employee.manager is None else str(employee.manager),
        "hire_date": employee.hire_date.isoformat(),
    }
    return {"fields": fields}

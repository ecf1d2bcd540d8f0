"""People and letters for the tests of the sample company and its simulated people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from deploy.local.company import made_up, roster
from deploy.local.company.made_up import Character, Person
from deploy.local.company.roster import Company
from deploy.local.people.letters import Letter, Meeting

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@cache
def the_company() -> Company:
    return roster.load()


def a_person(number: int = 60, character: Character = "diligent", *, seed: int = 1) -> Person:
    company = the_company()
    employee = next(e for e in company.employees if e.number == number)
    return replace(made_up.person(company, employee, seed=seed), character=character)


def a_meeting(
    starts_at: datetime = MONDAY + timedelta(days=7), *, uid: str = "s1@x", **changed: object
) -> Meeting:
    whole = Meeting(uid, "REQUEST", 0, starts_at, starts_at + timedelta(minutes=45))
    return replace(whole, **changed)  # type: ignore[arg-type]


def a_letter(to: Person, *kinds: str, text: str = "Hello", meeting: Meeting | None = None) -> Letter:
    links = {kind: f"http://127.0.0.1:1/{kind}/token" for kind in kinds}
    return Letter(to.email, "<1@x>", "Subject", text, links, meeting)

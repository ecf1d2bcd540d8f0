"""A made-up company of any size, as facts and as events: the same number, the same person."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from services.matching.core.facts import Fact, Identity
from shared import tx

SITES = {"Madrid": "Europe/Madrid", "Boston": "America/New_York", "Osaka": "Asia/Tokyo"}
GIVEN = ("Ana", "Ben", "Chloé", "Dai", "Eva", "Femi", "Gita", "Hugo")
DEPARTMENTS = ("Engineering", "Sales", "Finance", "Research", "Support")
BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
AT_ONCE = 2_000


def number(place: int) -> str:
    return str(100_000 + place)


def card(place: int) -> dict[str, str | None]:
    site = list(SITES)[place % len(SITES)]
    return {
        "employee_number": number(place),
        "user_name": f"Person.{place}@Example.org",
        "given_name": GIVEN[place % len(GIVEN)],
        "family_name": f"Number{place}",
        "work_email": f"person.{place}@example.org",
        "title": "Engineer",
        "department": DEPARTMENTS[place % len(DEPARTMENTS)],
        "site": site,
        "time_zone": SITES[site],
        "hire_date": "2020-02-03",
        "manager_employee_number": number((place - 1) // 10) if place else None,
    }


def a_hire(place: int, source: str) -> Fact:
    """Its source knows the person as `x<place>`."""
    who = Identity(employee_number=number(place), external_id=f"x{place}")
    return Fact(source, f"hire-{place}", "hire", who, card(place), said_at=BEGINNING)


def a_change(place: int, turn: int) -> dict[str, Any]:
    """The CloudEvent of a new title; a later turn is a newer word."""
    return _event("change", place, turn, fields={"title": f"Engineer {turn}"})


def a_hire_event(place: int) -> dict[str, Any]:
    """Somebody without a manager, who works in Madrid as everybody here does."""
    said = {name: value for name, value in card(place).items() if name != "manager_employee_number"}
    here = {"site": "Madrid", "time_zone": SITES["Madrid"]}
    return _event("hire", place, 0, fields={**said, **here})


def a_termination(place: int, turn: int) -> dict[str, Any]:
    return _event("termination", place, turn)


def _event(kind: str, place: int, turn: int, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "/hr",
        "type": f"mentoring.hris.{kind}.v1",
        "time": (BEGINNING + timedelta(seconds=turn + 1)).isoformat(),
        "data": {"person": {"employee_number": number(place)}, **data},
    }


def a_user(place: int) -> dict[str, Any]:
    """The same person as an identity provider sends them by SCIM."""
    one = card(place)
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise],
        "userName": one["user_name"],
        "externalId": f"x{place}",
        "name": {"givenName": one["given_name"], "familyName": one["family_name"]},
        "emails": [{"value": one["work_email"], "type": "work", "primary": True}],
        "title": one["title"],
        "timezone": one["time_zone"],
        "active": True,
        enterprise: {"employeeNumber": one["employee_number"], "department": one["department"]},
    }


def chunks(count: int, source: str) -> Iterator[list[Fact]]:
    for first in range(0, count, AT_ONCE):
        yield [a_hire(place, source) for place in range(first, min(count, first + AT_ONCE))]


async def forget_what_was_said(pool: tx.Pool) -> None:
    """As if the relay had carried it long ago."""
    async with pool.acquire() as conn:
        await conn.execute("DELETE FROM outbox")


def as_body(event: object) -> bytes:
    return json.dumps(event).encode()

"""HR systems of the tests: sources on a world's database, and facts as their doors make them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from services.matching import commands
from services.matching.core.facts import FIELDS, Fact, Identity, Taken
from shared import tx
from tests.integration.matching.world import World

SOURCES = {"hr": ("webhook", 1), "directory": ("scim", 2), "file": ("csv", 3)}


async def sources(world: World) -> World:
    """The world with three HR systems connected to it."""
    for name, (kind, precedence) in SOURCES.items():
        await world.door.pool.execute(
            "INSERT INTO hris_source (name, kind, precedence, created_at) VALUES ($1, $2, $3, $4)",
            name,
            kind,
            precedence,
            world.now,
        )
    return world


def fact(kind: Any, number: int | str | None, event: str, **more: Any) -> Fact:
    """Something a source says about the employee with that number (or only their `external_id`)."""
    who = Identity(
        None if number is None else str(number), more.pop("external_id", None), more.pop("email", None)
    )
    fields = {name: more.pop(name) for name in list(more) if name in FIELDS}
    source = more.pop("source", "hr")
    return Fact(source, event, kind, who, fields, **more)


def a_hire(number: int, event: str = "", **more: Any) -> Fact:
    """Somebody with a whole card."""
    plain: dict[str, Any] = {
        "user_name": f"user{number}",
        "given_name": "Ana",
        "family_name": f"Number{number}",
        "work_email": f"user{number}@example.org",
        "title": "Design Engineer",
        "department": "Engineering",
        "site": "Madrid",
        "time_zone": "Europe/Madrid",
        "hire_date": "2019-05-01",
    }
    return fact("hire", number, event or f"hire-{number}", **{**plain, **more})


async def take(world: World, *told: Fact, **more: Any) -> list[Taken]:
    """In one transaction; the world knows everybody's id afterwards."""
    async with tx.transaction(world.door) as unit:
        taken = await commands.facts.take(unit, told, **more)
    found = await world.door.pool.fetch("SELECT employee_number, id FROM person")
    world.people = {row["employee_number"]: str(row["id"]) for row in found}
    return taken


def states(taken: Sequence[Taken]) -> list[str]:
    return [one.state for one in taken]


async def card(world: World, number: int | str) -> dict[str, Any]:
    answer = await world.call("GET", "/v1/people", params={"employee_number": str(number)})
    (one,) = answer.json()["items"]
    return dict(one)


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""The page What if: other rules, weights, seats or people; the difference as a picture. Nothing is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from services.matching import commands, core, store, taxonomy
from services.matching.api import whatif as asked
from services.matching.core.difference import Difference
from services.matching.core.ids import RunId
from services.matching.core.programmes import Programme
from services.matching.core.runs import Run
from services.matching.desk import pictures
from services.matching.desk.house import House, as_id, mentors, newest_runs
from services.matching.engine.market import COMPONENTS, MENTEE_WEIGHTS, MENTOR_WEIGHTS
from shared.tx import Connection, snapshot

SIDES = (("mentee", dict(MENTEE_WEIGHTS)), ("mentor", dict(MENTOR_WEIGHTS)))
MOVED_SHOWN = 20
PAIRED = re.compile(r"\s*([^\s=:]+)\s*[=:]\s*(\d{1,3})\s*")
RULES = ("min_shared_hours", "seniority", "target_gap", "same_team")


@dataclass(frozen=True)
class Moved:
    """A mentee who would have another mentor, with names."""

    mentee: str
    before: str
    after: str
    worth_before: float
    worth_after: float
    gain: float


@dataclass(frozen=True)
class View:
    difference: Difference
    marks: list[pictures.Mark]
    losing: list[Moved]
    gaining: list[Moved]


@dataclass(frozen=True)
class Asked:
    """What the form says, as the interface takes it, and what is wrong with it by field."""

    body: Mapping[str, Any]
    errors: dict[str, str] = field(default_factory=dict)


async def show(house: House, request: Request) -> Response:
    query = request.query_params
    async with snapshot(house.door) as conn:
        programme = await store.programmes.get(conn, as_id(request, "programme_id"))
        runs = await newest_runs(conn, programme.id, 1)
        said = read(query, programme, runs[0] if runs else None)
        errors, view = dict(said.errors), None
        if query and not errors:
            try:
                view = await _compare(house, conn, programme, said)
            except commands.forking.WrongChanges as wrong:
                errors = {_field(one.pointer): one.detail for one in wrong.errors}
        known = await mentors(conn, programme.id)
    return house.page(
        "what_if.html",
        422 if errors else 200,
        programme=programme,
        query=query,
        errors=errors,
        view=view,
        run=runs[0] if runs else None,
        usual=usual(programme),
        components=[(code, pictures.WORDS.get(code, code)) for code in COMPONENTS],
        mentors=[("", "nobody in particular"), *((one.card.employee_number, one.name) for one in known)],
        skills=[("", "–"), *((code, skill.name) for code, skill in taxonomy.skills().items())],
        languages=[("", "–"), *core.joining.LANGUAGES.items()],
    )


async def _compare(house: House, conn: Connection, programme: Programme, said: Asked) -> View:
    """Raises WrongChanges."""
    body = asked.WhatIfIn.model_validate(said.body)
    changes = asked.changes_of(body)
    found = await commands.forking.what_if(
        conn,
        house.kept,
        programme.id,
        changes,
        now=house.door.clock.now(),
        run_id=None if body.run_id is None else RunId(body.run_id),
    )
    told = found.difference
    losing = [one for one in told.moved if one.gain < 0][:MOVED_SHOWN]
    gaining = [one for one in reversed(told.moved) if one.gain >= 0][:MOVED_SHOWN]
    return View(
        difference=told,
        marks=pictures.marks(told),
        losing=[_moved(one, found, changes) for one in losing],
        gaining=[_moved(one, found, changes) for one in gaining],
    )


def _moved(one: core.difference.Moved, found: commands.forking.Forked, changes: core.whatif.Changes) -> Moved:
    names = [
        asked.named(number, found, changes)[1] or "nobody" for number in (one.mentee, one.before, one.after)
    ]
    return Moved(names[0], names[1], names[2], one.worth_before, one.worth_after, one.gain)


def usual(programme: Programme) -> dict[str, Any]:
    """What the form shows before anything is changed: rules, and weights in percent."""
    rules = programme.rules
    weights = {
        f"{side}_{code}": round(100 * (own or plain).get(code, 0.0), 1)
        for side, plain in SIDES
        for own in (rules.mentee_weights if side == "mentee" else rules.mentor_weights,)
        for code in COMPONENTS
    }
    return {**{name: _plain(getattr(rules, name)) for name in RULES}, **weights}


def _plain(value: float) -> float:
    """3.0 is 3 to who reads a form."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read(query: QueryParams, programme: Programme, newest: Run | None) -> Asked:
    """The changes a form asks for: what differs from the programme as it is."""
    settled = usual(programme)
    body: dict[str, Any] = {name: query[name] for name in RULES if _differs(query.get(name), settled[name])}
    for side, _ in SIDES:
        told = {code: query.get(f"{side}_{code}") for code in COMPONENTS}
        if any(_differs(value, settled[f"{side}_{code}"]) for code, value in told.items()):
            body[f"{side}_weights"] = {code: _share(value) for code, value in told.items()}
    errors = _people(query, body)
    if query.get("round") == "again" and newest is not None:
        body["run_id"] = str(newest.id)
    if query and not errors:
        errors = _wrong(body)
    return Asked(body, errors)


def _differs(value: str | None, settled: object) -> bool:
    if value is None or value.strip() == "":
        return False
    if isinstance(settled, bool):
        return (value == "yes") != settled
    try:
        return float(value) != float(str(settled))
    except ValueError:
        return True


def _share(value: str | None) -> object:
    """A weight in percent as a share; what is no number stays, to be refused by name."""
    try:
        return round(float(value or 0) / 100, 6)
    except ValueError:
        return value


def _people(query: QueryParams, body: dict[str, Any]) -> dict[str, str]:
    """Seats, people who leave, and the one who joins; what cannot be read, by field."""
    errors = {}
    seats = [line for line in re.split(r"[\n,;]+", query.get("capacities", "")) if line.strip()]
    matched = [PAIRED.fullmatch(line) for line in seats]
    if not all(matched):
        errors["capacities"] = "Please write employee number = seats, one per line."
    elif seats:
        body["capacities"] = {one.group(1): int(one.group(2)) for one in matched if one}
    leave = re.split(r"[\s,;]+", query.get("leave", "").strip())
    if leave != [""]:
        body["leave"] = leave
    joiner: dict[str, Any] = {"role": "mentor", "name": "The new mentor"}
    for name, value in (
        ("like", query.get("like")),
        ("skills", {query["skill"]: 6} if query.get("skill") else None),
        ("languages", [query["language"]] if query.get("language") else None),
    ):
        if value:
            joiner[name] = value
    if len(joiner) > 2:
        body["join"] = [joiner]
    return errors


def _wrong(body: Mapping[str, Any]) -> dict[str, str]:
    if not set(body) - {"run_id"}:
        return {"form": "Nothing is different yet: change a rule, a weight, seats or people."}
    try:
        asked.WhatIfIn.model_validate(body)
    except ValidationError as error:
        return {str(one["loc"][0] if one["loc"] else "form"): str(one["msg"]) for one in error.errors()}
    return {}


def _field(pointer: str) -> str:
    """The form's field of a JSON pointer: /join/0/like is like."""
    parts = pointer.strip("/").split("/")
    if parts[0] == "join":
        return {"skills": "skill", "languages": "language"}.get(parts[-1], parts[-1])
    return parts[0]

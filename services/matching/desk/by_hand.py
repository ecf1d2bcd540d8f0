"""What an administrator says of people by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, cast, get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.matching import commands, core, store
from services.matching.core.byhand import Word
from services.matching.core.people import Person
from services.matching.desk.house import House, as_id, link
from services.matching.desk.incoming import writer
from shared.errors import NotFound, Refused
from shared.tx import snapshot

FIELDS = (
    "employee_number",
    "given_name",
    "family_name",
    "user_name",
    "work_email",
    "title",
    "department",
    "site",
    "time_zone",
    "manager_employee_number",
    "hire_date",
)
NUMBER = "employee_number"
"""By which somebody is known: it stays."""
DAYS: Mapping[str, str] = {"effective_on": "From", "until": "Last day of a leave"}
CHARACTERS_MAX = 200
UNSAID = (commands.byhand.NotTaken, commands.byhand.AlreadyHere)
"""What was said cannot be taken, so nothing of it is kept."""
Presence = Literal["leave", "return", "termination", "termination-cancelled", "rehire"]
PRESENCES: Mapping[Presence, str] = {
    "leave": "is on leave",
    "return": "is back",
    "termination": "leaves",
    "termination-cancelled": "stays after all",
    "rehire": "is hired again",
}


async def add(house: House, request: Request) -> Response:
    """Somebody new, for companies without an HR system, or ahead of it."""
    by = writer(request).id
    said, errors = dict.fromkeys(FIELDS, ""), dict[str, str]()
    if request.method == "POST":
        said = said | _said(await request.form())
        fields = {name: value for name, value in said.items() if value}
        try:
            async with house.writing(by) as tx:
                taken = await commands.byhand.add(tx, fields, effective_on=None)
            return RedirectResponse(link(f"people/{taken.person_id}"), 303)
        except UNSAID as error:
            errors = _sentences(error)
    status = 422 if errors else 200
    return house.page("add_person.html", status, said=said, errors=errors)


async def change(house: House, request: Request) -> Response:
    """Another card for somebody: what is changed here counts more than what HR systems say."""
    by = writer(request).id
    async with snapshot(house.door) as conn:
        person = await store.people.get(conn, as_id(request, "person_id"))
    known = _known(person)
    said, errors = known, dict[str, str]()
    if request.method == "POST":
        said = known | _said(await request.form())
        try:
            async with house.writing(by) as tx:
                await commands.byhand.change(tx, person.id, _words(known, said))
            return RedirectResponse(link(f"people/{person.id}"), 303)
        except UNSAID as error:
            errors = _sentences(error)
    status = 422 if errors else 200
    return house.page(
        "change_person.html", status, person=person, said=said, errors=errors, presences=PRESENCES
    )


async def presence(house: House, request: Request) -> Response:
    """Somebody leaves, is away, is back."""
    by = writer(request).id
    form = await request.form()
    kind = str(form.get("kind", ""))
    if kind not in get_args(Presence):
        raise NotFound("There is no such thing to say. Please go back to the person.")
    async with snapshot(house.door) as conn:
        person = await store.people.get(conn, as_id(request, "person_id"))
    until = _day(form, "until") if kind == "leave" else None
    word = Word(cast(Presence, kind), on=_day(form, "effective_on"), until=until)
    try:
        async with house.writing(by) as tx:
            await commands.byhand.change(tx, person.id, [word])
        return RedirectResponse(link(f"people/{person.id}"), 303)
    except UNSAID as error:
        return house.page(
            "change_person.html",
            422,
            person=person,
            said=_known(person),
            errors=_sentences(error),
            presences=PRESENCES,
        )


async def left(house: House, request: Request) -> Response:
    """Somebody inactive has left: nothing waits for the end of the grace."""
    by = writer(request).id
    person_id = as_id(request, "person_id")
    async with house.writing(by) as tx:
        await commands.ruling.confirm_termination(tx, person_id)
    return RedirectResponse(link(f"people/{person_id}"), 303)


def _words(known: Mapping[str, str], said: Mapping[str, str]) -> list[Word]:
    """What differs from what the form had shown."""
    changed = {name: said[name] or None for name in FIELDS if said[name] != known[name] and name != NUMBER}
    return [core.byhand.change(changed, effective_on=None)] if changed else []


def _said(form: FormData) -> dict[str, str]:
    return {name: str(form[name]).strip()[:CHARACTERS_MAX] for name in FIELDS if name in form}


def _known(person: Person) -> dict[str, str]:
    found = {name: getattr(person.card, name) for name in FIELDS}
    return {name: "" if value is None else str(value) for name, value in found.items()}


def _sentences(error: Refused) -> dict[str, str]:
    """By field of the form, what is wrong with it."""
    found = {}
    for one in error.errors:
        name = one.pointer.removeprefix("/")
        name = name if name in (*FIELDS, *DAYS) else NUMBER
        found[name] = f"{DAYS.get(name, name.replace('_', ' ').capitalize())}: {one.detail}."
    return found


def _day(form: FormData, name: str) -> date | None:
    """A day as browsers send it; nothing where none was chosen. Raises NotFound for what is no day."""
    text = str(form.get(name, "")).strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise NotFound(f"{text[:20]} is no day. Please go back and choose one.") from error

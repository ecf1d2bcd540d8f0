"""What an administrator says of people by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.matching import commands, store
from services.matching.core.facts import FactKind, Identity, Taken
from services.matching.core.people import Person
from services.matching.desk.house import House, as_id, link
from services.matching.desk.incoming import writer
from shared.errors import NotFound, Refused
from shared.tx import Tx, snapshot

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
Presence = Literal["leave", "return", "termination", "termination-cancelled", "rehire"]
PRESENCES: Mapping[Presence, str] = {
    "leave": "is on leave",
    "return": "is back",
    "termination": "leaves",
    "termination-cancelled": "stays after all",
    "rehire": "is hired again",
}


class NotSaid(Refused):
    """What was said cannot be taken, so nothing of it is kept."""

    status = 422
    code = "fact-refused"

    def __init__(self, taken: Taken) -> None:
        super().__init__(taken.reason)
        self.taken = taken


async def add(house: House, request: Request) -> Response:
    """Somebody new, for companies without an HR system, or ahead of it."""
    by = writer(request).id
    said, errors = dict.fromkeys(FIELDS, ""), dict[str, str]()
    if request.method == "POST":
        said = said | _said(await request.form())
        fields = {name: value for name, value in said.items() if value and name != NUMBER}
        try:
            async with house.writing(by) as tx:
                taken = await _say(tx, "hire", said[NUMBER], fields)
            return RedirectResponse(link(f"people/{taken.person_id}"), 303)
        except NotSaid as error:
            errors = _sentences(error.taken)
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
                await _change(tx, person, known, said)
            return RedirectResponse(link(f"people/{person.id}"), 303)
        except NotSaid as error:
            errors = _sentences(error.taken)
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
    try:
        async with house.writing(by) as tx:
            await _say(
                tx,
                kind,  # type: ignore[arg-type]
                person.card.employee_number,
                {},
                effective_on=_day(form, "effective_on"),
                until=until,
            )
        return RedirectResponse(link(f"people/{person.id}"), 303)
    except NotSaid as error:
        return house.page(
            "change_person.html",
            422,
            person=person,
            said=_known(person),
            errors=_sentences(error.taken),
            presences=PRESENCES,
        )


async def left(house: House, request: Request) -> Response:
    """Somebody inactive has left: nothing waits for the end of the grace."""
    by = writer(request).id
    person_id = as_id(request, "person_id")
    async with house.writing(by) as tx:
        await commands.ruling.confirm_termination(tx, person_id)
    return RedirectResponse(link(f"people/{person_id}"), 303)


async def _say(
    tx: Tx,
    kind: FactKind,
    number: str,
    fields: Mapping[str, str | None],
    *,
    effective_on: date | None = None,
    until: date | None = None,
) -> Taken:
    """Raises NotSaid."""
    taken = await commands.ruling.say(
        tx, kind, Identity(number or None), fields, effective_on=effective_on, until=until
    )
    if taken.state in ("held", "rejected"):
        raise NotSaid(taken)
    return taken


async def _change(tx: Tx, person: Person, known: Mapping[str, str], said: Mapping[str, str]) -> None:
    """Says what differs from what the form had shown."""
    changed: dict[str, str | None] = {
        name: said[name] or None for name in FIELDS if said[name] != known[name] and name != NUMBER
    }
    boss = {name: changed.pop(name) for name in ("manager_employee_number",) if name in changed}
    for kind, fields in (("change", changed), ("manager", boss)):
        if fields:
            await _say(tx, kind, person.card.employee_number, fields)  # type: ignore[arg-type]


def _said(form: FormData) -> dict[str, str]:
    return {name: str(form[name]).strip()[:CHARACTERS_MAX] for name in FIELDS if name in form}


def _known(person: Person) -> dict[str, str]:
    found = {name: getattr(person.card, name) for name in FIELDS}
    return {name: "" if value is None else str(value) for name, value in found.items()}


def _sentences(taken: Taken) -> dict[str, str]:
    """By field of the form, what is wrong with it."""
    name = taken.field if taken.field in (*FIELDS, *DAYS) else NUMBER
    label = DAYS.get(name, name.replace("_", " ").capitalize())
    return {name: f"{label}: {taken.reason}."}


def _day(form: FormData, name: str) -> date | None:
    """A day as browsers send it; nothing where none was chosen. Raises NotFound for what is no day."""
    text = str(form.get(name, "")).strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise NotFound(f"{text[:20]} is no day. Please go back and choose one.") from error

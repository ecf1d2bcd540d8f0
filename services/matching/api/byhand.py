"""People by hand, for companies without an HR system and for what theirs gets wrong."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, model_validator

from services.matching import commands, core, store
from services.matching.api import people
from services.matching.api.people import PersonOut
from services.matching.core.byhand import Word
from services.matching.core.facts import Taken
from shared import api, auth
from shared.events import PersonId

Text = Annotated[str, Field(max_length=core.roster.CELL_CHARACTERS_MAX)]
Needed = Annotated[str, Field(min_length=1, max_length=core.roster.CELL_CHARACTERS_MAX)]
Pool = Literal["company", "workplace", "alumni", "association"]
Stands = Literal["leave", "return", "inactive", "termination", "termination-cancelled", "rehire"]


class PersonIn(api.Body):
    """Somebody new. Without a `time_zone` they have that of their site (/v1/hris/sites); with `effective_on`
    they are taken in on that day."""

    employee_number: Needed
    user_name: Needed
    given_name: Needed
    family_name: Text = ""
    work_email: Needed
    title: Text = ""
    department: Text = ""
    site: Text = ""
    time_zone: Text = ""
    manager_employee_number: Text | None = None
    hire_date: date | None = None
    pool: Pool = "company"
    effective_on: date | None = None


class StandsIn(api.Body):
    """That somebody is away, is back, has left or is here again: from `on`, empty: at once, and a leave to
    its last day `until`, empty: without end."""

    kind: Stands
    on: date | None = None
    until: date | None = None


class PersonChange(api.Body):
    """What is left out stays. An empty text empties the field, null says that there is no manager or no hire
    date. The fields hold from `effective_on`, empty: at once."""

    user_name: Needed | None = None
    given_name: Needed | None = None
    family_name: Text | None = None
    work_email: Needed | None = None
    title: Text | None = None
    department: Text | None = None
    site: Text | None = None
    time_zone: Needed | None = None
    manager_employee_number: Text | None = None
    hire_date: date | None = None
    pool: Pool | None = None
    effective_on: date | None = None
    stands: StandsIn | None = None

    @model_validator(mode="after")
    def says_something(self) -> Self:
        said = self.model_fields_set - {"effective_on"}
        if not said:
            raise ValueError("name at least one field to change, or how the person stands")
        empty = sorted(name for name in said - MAY_BE_NULL if getattr(self, name) is None)
        if empty:
            raise ValueError(f"{', '.join(empty)}: null says nothing; leave the field out, or empty it")
        return self


MAY_BE_NULL = frozenset({"manager_employee_number", "hire_date"})


class WordOut(BaseModel):
    """What became of a word: applied, waiting (for its day), or superseded by one that counts more."""

    kind: str
    state: str


class ChangedOut(BaseModel):
    """`person` is null where somebody new is taken in on a later day."""

    person: PersonOut | None
    said: list[WordOut]


async def add_person(body: PersonIn, tx: api.InTx) -> ChangedOut:
    """Takes somebody in by hand."""
    fields = _fields(body.model_dump(exclude={"effective_on"}))
    taken = await commands.byhand.add(tx, fields, effective_on=body.effective_on)
    person = await commands.byhand.find_added(tx, taken)
    return ChangedOut(person=None if person is None else people.person_out(person), said=_said([taken]))


async def change_person(
    person_id: PersonId, body: PersonChange, seen: api.IfMatch, tx: api.InTx, response: Response
) -> ChangedOut:
    """Changes somebody by hand. It counts more than what HR systems say, until it is cancelled."""
    person = await store.people.get(tx.conn, person_id)
    api.check_version(seen, person.version)
    taken = await commands.byhand.change(tx, person_id, _words(body))
    person = await store.people.get(tx.conn, person_id)
    api.etag(response, person.version)
    return ChangedOut(person=people.person_out(person), said=_said(taken))


def _words(body: PersonChange) -> list[Word]:
    said = body.model_dump(exclude_unset=True, exclude={"effective_on", "stands"})
    words = [core.byhand.change(_fields(said), effective_on=body.effective_on)] if said else []
    if body.stands is not None:
        words.append(Word(body.stands.kind, {}, body.stands.on, body.stands.until))
    return words


def _fields(said: dict[str, object]) -> dict[str, str | None]:
    fields = {name: _text(value) for name, value in said.items()}
    if fields.get("pool"):
        fields["pool"] = core.roster.pool(fields["pool"] or "")
    return fields


def _text(value: object) -> str | None:
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value).strip()


def _said(taken: list[Taken]) -> list[WordOut]:
    return [WordOut(kind=one.fact.kind, state=one.state) for one in taken]


def routers() -> tuple[APIRouter, ...]:
    guard = Depends(auth.requires("people:write"))
    writing = api.router(prefix="/v1/people", tags=["people"], dependencies=[guard])
    writing.post("", status_code=201)(add_person)
    writing.patch("/{person_id}")(change_person)
    return (writing,)

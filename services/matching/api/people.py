"""People: the import from HR, and reading what is known."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from services.matching import commands, core, store
from services.matching.core.files import Sending
from shared import api, auth
from shared.errors import Refused
from shared.events import PersonId

Number = Annotated[str, Query(min_length=1, max_length=40)]
Source = Annotated[str, Query(min_length=1, max_length=40, description="a source of the kind csv")]


def csv_body_of(columns: Sequence[str]) -> dict[str, Any]:
    """What the public document says of a route that takes a file with these columns."""
    content = {"text/csv": {"schema": {"type": "string"}, "example": ",".join(columns)}}
    return {"requestBody": {"required": True, "content": content}}


class NotCsv(Refused):
    status = 415
    code = "not-csv"


class RejectOut(BaseModel):
    """`line` is where the row begins in the file, from 1; `field` is "row" where all of it is wrong."""

    line: int
    field: str
    reason: str


class ImportOut(BaseModel):
    """How many rows changed something, how many said what was known, and the rows that were not applied."""

    applied: int
    unchanged: int
    rejected: list[RejectOut]


class PeopleImportOut(ImportOut):
    """The file as it is kept: `state` is done, or held where somebody has to confirm it at …/files/{file_id},
    and then `holds` says why. `waiting` rows are applied and hold from a later day, `held` ones wait for an
    administrator."""

    file_id: UUID
    state: str
    waiting: int
    held: int
    holds: str


class PersonOut(BaseModel):
    person_id: PersonId
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
    manager_id: PersonId | None
    hire_date: date | None
    status: str
    pool: str
    effective_date: date
    version: int
    created_at: AwareDatetime


async def csv_body(request: Request) -> bytes:
    """The file, read before the transaction begins."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/csv":
        raise NotCsv(f"this takes text/csv, not {kind[:100] or 'a body without a type'}")
    whole = io.BytesIO()  # a list of its pieces would be put together beside them, and be there twice
    async for piece in request.stream():
        whole.write(piece)
    return whole.getvalue()


async def import_people(
    content: Annotated[bytes, Depends(csv_body)],
    tx: api.InTx,
    caller: Annotated[auth.Caller, Depends(auth.requires("people:write"))],
    *,
    source: Source = commands.files.FIRST_SOURCE,
) -> PeopleImportOut:
    """Takes over a small file of people before it answers; larger ones go to /v1/hris/files. Rows that are
    wrong are listed with the reason, the others are applied; the same file again changes nothing."""
    file = await commands.snapshots.import_now(tx, content, Sending(source, "", f"token {caller.id}"))
    found = await store.file_rows.rejects_after(tx.conn, file.id, (-1, "", ""), len(content))
    rejected = [RejectOut.model_validate(one.reject, from_attributes=True) for one in found]
    return PeopleImportOut(
        applied=file.rows("applied", "waiting", "superseded"),
        unchanged=file.rows("unchanged", "repeated"),
        rejected=rejected,
        file_id=file.id,
        state=file.state,
        waiting=file.rows("waiting"),
        held=file.rows("held"),
        holds=file.report.holds if file.report and file.state == "held" else "",
    )


async def list_people(
    read: api.Reading, after: api.Cursor, limit: api.Limit, *, employee_number: Number | None = None
) -> api.Page[PersonOut]:
    """Everybody, or whoever has that employee number."""
    if employee_number is not None:
        known = await store.people.by_numbers(read.conn, [employee_number])
        return api.Page(items=_people(list(known.values())), next=None)
    people = await store.people.page(read.conn, after=after, limit=limit + 1)
    return api.page(_people(people), limit, key=lambda one: (one.created_at, one.person_id))


async def get_person(person_id: PersonId, read: api.Reading, response: Response) -> PersonOut:
    person = await store.people.get(read.conn, person_id)
    api.etag(response, person.version)
    return _people([person])[0]


def _people(people: Sequence[core.people.Person]) -> list[PersonOut]:
    return [person_out(person) for person in people]


def person_out(person: core.people.Person) -> PersonOut:
    return PersonOut(
        person_id=PersonId(person.id),
        employee_number=person.card.employee_number,
        user_name=person.card.user_name,
        given_name=person.card.given_name,
        family_name=person.card.family_name,
        work_email=person.card.work_email,
        title=person.card.title,
        department=person.card.department,
        site=person.card.site,
        time_zone=person.card.time_zone,
        manager_employee_number=person.card.manager_employee_number,
        manager_id=None if person.manager_id is None else PersonId(person.manager_id),
        hire_date=person.card.hire_date,
        status=person.card.status,
        pool=core.people.pool_code(person.card.pool),
        effective_date=person.effective_date,
        version=person.version,
        created_at=person.created_at,
    )


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(prefix="/v1/people", tags=["people"])
    writing.post("/import", openapi_extra=csv_body_of(core.roster.COLUMNS))(import_people)
    reading = api.router(
        prefix="/v1/people", tags=["people"], dependencies=[Depends(auth.requires("people:read"))]
    )
    reading.get("")(list_people)
    reading.get("/{person_id}")(get_person)
    return writing, reading

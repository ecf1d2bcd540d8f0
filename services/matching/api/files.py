"""Files of people: sending them, what they would do and did, and what administrators decide about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import AwareDatetime, BaseModel

from services.matching import commands, core, store
from services.matching.api import people
from services.matching.api.people import RejectOut
from services.matching.core.files import File, NamedReject, Sending, State
from services.matching.hris.entrance import Entrance
from shared import api, auth
from shared.api import context
from shared.errors import FieldError, Refused
from shared.tx import Door, lent, snapshot, transaction

PREFIX = "/v1/hris/files"
SCOPE: Literal["hris:files"] = "hris:files"
HEADER = ("line", "employee_number", "field", "reason")
CSV_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
REJECTS_SHOWN = 50
REJECTS_AT_ONCE = 2000


class OtherSource(Refused):
    status = 403
    code = "other-source"


class ReportOut(BaseModel):
    """What the file would do: facts by kind, and up to a hundred employees of each. `ended` people are there
    and would be inactive or gone; up to `ended_free` of `people` may be without anybody having looked.
    `leavers` have left and were never known here. `missing`: how many the file lacks; null where that was not
    asked, or `not_reconciled` says why nobody can tell. `holds`: why somebody has to confirm the file."""

    kinds: dict[str, int]
    named: dict[str, list[str]]
    ended: int
    ended_named: list[str]
    ended_free: int
    people: int
    leavers: int
    missing: int | None
    not_reconciled: str
    holds: str


class FileOut(BaseModel):
    """`tally` counts rows by what became of them: applied, waiting (for their day), superseded (a source that
    counts more says otherwise), held, rejected, unchanged, repeated, leaver. `kinds` counts the facts made of
    them. `report` is what was foreseen before the first row was applied."""

    file_id: UUID
    source: str
    name: str
    state: State
    full: bool
    dry_run: bool
    encoding: str
    sha256: str
    size_bytes: int
    sent_by: str
    rows_total: int
    rows_done: int
    tally: dict[str, int]
    kinds: dict[str, int]
    report: ReportOut | None
    created_at: AwareDatetime
    decided_by: str | None
    decided_at: AwareDatetime | None
    finished_at: AwareDatetime | None


class FileShown(FileOut):
    """`rejected` has the first rejects; all of them are at …/rejects. Line 0 is somebody whom the file
    lacks."""

    rejected: list[RejectOut]


@dataclass(frozen=True)
class Sender:
    """Who sends a file; a source's own token sends files of that source alone."""

    id: str
    source: str | None


class sends:
    """Dependency: whoever may send files, by a service token or by a source's own."""

    guards: ClassVar[bool] = True

    async def __call__(
        self, request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(auth.BEARER)]
    ) -> Sender:
        said = request.headers.get("authorization")
        caller = auth.find_caller(auth.keys_of(request), said)
        if caller is not None:
            if not (caller.may(SCOPE) or caller.may("people:write")):
                raise auth.Forbidden(f"the token {caller.id} lacks the scope {SCOPE}")
            return Sender(f"token {caller.id}", None)
        async with lent(context.of(request).door) as conn:
            source = await _entrance(request).enter(conn, said, SCOPE)
        return Sender(f"source {source.name}", source.name)


def _entrance(request: Request) -> Entrance:
    entrance: Entrance = request.app.state.entrance
    return entrance


Source = Annotated[str | None, Query(max_length=40, description="a source of the kind csv; without: csv")]
Name = Annotated[str, Query(max_length=core.files.NAME_CHARACTERS_MAX, description="what the file is called")]
Full = Annotated[bool, Query(description="whoever of the source is not in the file is inactive")]
DryRun = Annotated[bool, Query(description="only find out what it would do; it can be confirmed afterwards")]
Encoding = Annotated[str, Query(max_length=40, description="utf-8, windows-1252, iso-8859-15, utf-16 …")]


async def send_file(
    request: Request,
    sender: Annotated[Sender, Depends(sends())],
    *,
    source: Source = None,
    name: Name = "",
    full: Full = False,
    dry_run: DryRun = False,
    encoding: Encoding = core.tables.UTF8,
) -> FileOut:
    """Takes a file of people. It is kept whole or refused whole, and then taken over a piece at a time."""
    if sender.source is not None and source not in (None, sender.source):
        wrong = FieldError("source", f"this token is for {sender.source}")
        raise OtherSource(f"this token sends files of {sender.source} alone", [wrong])
    content = await people.csv_body(request)
    door = context.of(request).door
    chosen = sender.source or source or commands.files.FIRST_SOURCE
    sending = Sending(chosen, name, sender.id, full=full, dry=dry_run, encoding=encoding)
    try:
        async with transaction(door) as tx:
            await tx.act_as(sender.id)
            file = await commands.files.keep(tx, content, sending)
    except Refused:
        await _entrance(request).heard(chosen, success=False)
        raise
    await _entrance(request).heard(chosen, success=True)
    return file_out(file)


async def list_files(read: api.Reading, after: api.Cursor, limit: api.Limit) -> api.Page[FileOut]:
    """The newest first."""
    found = await store.files.page(read.conn, after=after, limit=limit + 1)
    return api.page([file_out(one) for one in found], limit, key=lambda one: (one.created_at, one.file_id))


async def get_file(file_id: UUID, read: api.Reading) -> FileShown:
    """How far it is: `rows_done` of `rows_total`."""
    file = await store.files.get(read.conn, file_id)
    rejects = await store.file_rows.rejects_after(read.conn, file_id, (-1, "", ""), REJECTS_SHOWN)
    return FileShown(**file_out(file).model_dump(), rejected=[_reject_out(one) for one in rejects])


async def confirm_file(
    file_id: UUID, tx: api.InTx, caller: Annotated[auth.Caller, Depends(auth.requires("hris:admin"))]
) -> FileOut:
    """Lets a file that is held do what its report says."""
    return file_out(await commands.files.confirm(tx, file_id, f"token {caller.id}"))


async def drop_file(
    file_id: UUID, tx: api.InTx, caller: Annotated[auth.Caller, Depends(auth.requires("hris:admin"))]
) -> FileOut:
    """A file that is held will not be applied; its rows are forgotten."""
    return file_out(await commands.files.drop(tx, file_id, f"token {caller.id}"))


async def export_rejects(file_id: UUID, read: api.Reading, request: Request) -> StreamingResponse:
    """Every row that was not applied, with its line, field and reason, for a spreadsheet."""
    await store.files.get(read.conn, file_id)
    headers = {"content-disposition": f'attachment; filename="rejects-{file_id}.csv"'}
    lines = _reject_lines(context.of(request).door, file_id)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


async def _reject_lines(door: Door, file_id: UUID) -> AsyncIterator[str]:
    yield core.sheets.lines([HEADER])
    after = (-1, "", "")
    async with snapshot(door) as conn:
        while found := await store.file_rows.rejects_after(conn, file_id, after, REJECTS_AT_ONCE):
            yield core.sheets.lines([_cells(one) for one in found])
            last = found[-1]
            after = (last.reject.line, last.employee_number, last.reject.field)


def _cells(one: NamedReject) -> Sequence[object]:
    return one.reject.line or None, one.employee_number, one.reject.field, one.reject.reason


def _reject_out(one: NamedReject) -> RejectOut:
    return RejectOut(line=one.reject.line, field=one.reject.field, reason=one.reject.reason)


def file_out(file: File) -> FileOut:
    return FileOut(
        file_id=file.id,
        source=file.source,
        name=file.name,
        state=file.state,
        full=file.full,
        dry_run=file.dry,
        encoding=file.encoding,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        sent_by=file.sent_by,
        rows_total=file.rows_total,
        rows_done=file.rows_done,
        tally=dict(file.tally),
        kinds=dict(file.kinds),
        report=None if file.report is None else ReportOut.model_validate(file.report, from_attributes=True),
        created_at=file.created_at,
        decided_by=file.decided_by,
        decided_at=file.decided_at,
        finished_at=file.finished_at,
    )


def routers() -> tuple[APIRouter, ...]:
    sending = APIRouter(prefix=PREFIX, tags=["files"])
    extra = people.csv_body_of(core.roster.COLUMNS)
    sending.post("", status_code=202, openapi_extra=extra)(send_file)
    deciding = api.router(prefix=PREFIX, tags=["files"])
    deciding.post("/{file_id}/confirm")(confirm_file)
    deciding.post("/{file_id}/drop")(drop_file)
    guard = Depends(auth.requires("people:read"))
    reading = api.router(prefix=PREFIX, tags=["files"], dependencies=[guard])
    reading.get("")(list_files)
    reading.get("/{file_id}")(get_file)
    reading.get("/{file_id}/rejects", response_class=StreamingResponse, responses=CSV_OUT)(export_rejects)
    return sending, deciding, reading

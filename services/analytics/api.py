"""What programs may ask: a programme's figures, and the list behind each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel

from services.analytics.core import definitions
from services.analytics.core import figures as core
from services.analytics.store import figures as store
from services.analytics.store import people
from shared import api, auth
from shared.errors import FieldError, NotFound, Refused

Since = Annotated[
    AwareDatetime | None, Query(description="ranged figures count what happened from here on; default: all")
]


class NoList(Refused):
    """So few answered that the list would speak of single people."""

    status = 403
    code = "too-few-answers"


class ProgrammeNeeded(Refused):
    status = 422
    code = "programme-needed"


class Figure(BaseModel):
    """A number and what stands behind it.

    Rates are between 0 and 1, ratings between 1 and 5, days and minutes medians with their 90th percentile.
    `value` is null where nothing stands behind it, and where it is `suppressed`.
    """

    figure: str
    title: str
    meaning: str
    kind: definitions.Kind
    value: float | None
    p90: float | None
    counted: int
    rows: int
    target: float | None
    suppressed: bool


class Figures(BaseModel):
    """Figures as they stand at a business time."""

    programme_id: UUID | None
    programme: str | None
    as_of: datetime
    since: datetime | None
    figures: list[Figure]


class Row(BaseModel):
    """One thing that was counted: `counted` is false for the rest of a rate. Ids and codes, no names."""

    id: UUID
    at: datetime
    counted: bool
    amount: float | None
    person_id: UUID | None
    partner_id: UUID | None
    match_id: UUID | None
    session_id: UUID | None
    code: str | None


async def get_figures(programme_id: UUID, read: api.Reading, since: Since = None) -> Figures:
    """All figures of a programme."""
    programme = await people.find_programme(read.conn, programme_id)
    if programme is None:
        raise NotFound(f"no programme {programme_id} was heard of")
    question = core.Question(programme_id, read.now, since or core.since_days(read.now, None))
    found = core.figures(await store.totals(read.conn, question))
    shown = [_figure(one) for one in found.values()]
    return Figures(
        programme_id=programme_id, programme=programme.name, as_of=read.now, since=since, figures=shown
    )


async def get_company_figures(read: api.Reading, since: Since = None) -> Figures:
    """The figures that belong to no programme: the messages."""
    question = core.Question(None, read.now, since or core.since_days(read.now, None))
    found = core.figures(await store.totals(read.conn, question), scope="company")
    shown = [_figure(one) for one in found.values()]
    return Figures(programme_id=None, programme=None, as_of=read.now, since=since, figures=shown)


async def get_rows(
    figure: str,
    read: api.Reading,
    *,
    limit: api.Limit,
    after: api.Cursor,
    programme: UUID | None = None,
    since: Since = None,
) -> api.Page[Row]:
    """The list behind a figure, newest first. `programme` is needed but for what belongs to the company."""
    definition = definitions.find_definition(figure)
    if definition is None:
        raise NotFound(f"there is no figure {figure}")
    if definition.scope == "programme" and programme is None:
        raise ProgrammeNeeded(f"{figure} is a programme's", [FieldError("programme", "missing")])
    scope = programme if definition.scope == "programme" else None
    question = core.Question(scope, read.now, since or core.since_days(read.now, None))
    if definition.kind == "rating":
        answers = await store.list_rows(read.conn, question, figure, limit=definitions.ANSWERS_MIN)
        if core.is_suppressed(definition, len(answers)):
            raise NoList(f"fewer than {definitions.ANSWERS_MIN} answers")
    rows = await store.list_rows(read.conn, question, figure, after=after, limit=limit)
    return api.page([_row(row) for row in rows], limit, key=lambda row: (row.at, row.id))


def _figure(one: core.Figure) -> Figure:
    definition = one.definition
    return Figure(
        figure=definition.code,
        title=definition.title,
        meaning=definition.meaning,
        kind=definition.kind,
        value=one.value,
        p90=one.p90,
        counted=one.counted,
        rows=one.rows,
        target=definition.target,
        suppressed=one.suppressed,
    )


def _row(row: core.Row) -> Row:
    return Row(
        id=row.row_id,
        at=row.at,
        counted=row.counted,
        amount=row.amount,
        person_id=row.person_id,
        partner_id=row.partner_id,
        match_id=row.match_id,
        session_id=row.session_id,
        code=row.code,
    )


def router() -> APIRouter:
    made = APIRouter(tags=["figures"], dependencies=[Depends(auth.requires("figures:read"))])
    made.get("/v1/programmes/{programme_id}/figures")(get_figures)
    made.get("/v1/figures")(get_company_figures)
    made.get("/v1/figures/{figure}/rows")(get_rows)
    return made

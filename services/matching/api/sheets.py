"""Pairs as files: taking over those that exist, and giving out all of a programme with their reasons."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from services.matching import commands, core, store
from services.matching.api import people
from shared import api, auth
from shared.events import ProgrammeId

HEADER = (
    "match_id",
    "state",
    "mentee_number",
    "mentee_name",
    "mentor_number",
    "mentor_name",
    "score",
    "proposed_on",
    "made_on",
    "ends_on",
    "end_reason",
    "reasons",
    "not_given",
)
CSV_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


async def import_pairs(
    programme_id: ProgrammeId,
    content: Annotated[bytes, Depends(people.csv_body)],
    tx: api.InTx,
    *,
    dry_run: bool = False,
) -> people.ImportOut:
    """Takes over pairs that exist already: `mentee_number,mentor_number,since`. Both take part in the
    programme. Rows that are wrong are listed with the reason, the others are applied; the same file again
    changes nothing, and with `dry_run` nothing is."""
    plan = await commands.bringing.bring(tx, programme_id, content, dry=dry_run)
    rejected = [people.RejectOut.model_validate(one, from_attributes=True) for one in plan.rejected]
    return people.ImportOut(applied=len(plan.new), unchanged=plan.unchanged, rejected=rejected)


async def export_pairs(programme_id: ProgrammeId, read: api.Reading) -> Response:
    """All proposals and matches of a programme with their reasons, for a spreadsheet."""
    programme = await store.programmes.get(read.conn, programme_id)
    found = await store.sheets.pairs(read.conn, programme_id)
    rows = [(*line.plain, "; ".join(line.reasons), "; ".join(line.not_given)) for line in found]
    name = f"pairs-{programme.id}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(core.sheets.text(HEADER, rows), media_type="text/csv; charset=utf-8", headers=headers)


def routers() -> tuple[APIRouter, ...]:
    place = "/v1/programmes/{programme_id}/pairs"
    writing = api.router(tags=["matches"], dependencies=[Depends(auth.requires("matches:write"))])
    writing.post(f"{place}/import", openapi_extra=people.csv_body_of(core.bringing.COLUMNS))(import_pairs)
    reading = api.router(
        tags=["matches"],
        dependencies=[Depends(auth.requires("matches:read")), Depends(auth.requires("people:read"))],
    )
    reading.get(f"{place}/export", response_class=Response, responses=CSV_OUT)(export_pairs)
    return writing, reading

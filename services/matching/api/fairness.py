"""The fairness ledger: groups that people say they belong to, and what each round did for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.matching import commands, core, store
from services.matching.api.programmes import GroupCode
from shared import api, auth
from shared.events import ParticipationId, ProgrammeId, RunId


class GroupsIn(api.Body):
    """What a mentee says of themselves, voluntarily, out of the programme's `group_names`; [] takes it
    back."""

    codes: Annotated[list[GroupCode], Field(max_length=20)]


class GroupsOut(BaseModel):
    participation_id: ParticipationId
    codes: list[str]


class LedgerLine(BaseModel):
    """A group beside everybody else in the round. `ratio`: its match rate over that of the others; below .8
    is an alarm (the four-fifths rule). `gap`: mean score of its pairs minus the others', with Welch's 95 %
    interval. `least`: the 5th percentile of its scores. `bonus`: what the programme's balance added to its
    scores. Nothing but the code is told of a group if it, or everybody else, is fewer than five."""

    code: str
    name: str
    suppressed: bool
    members: int | None
    matched: int | None
    waiting: int | None
    ratio: float | None
    alarm: bool
    score: float | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    least: float | None
    bonus: float | None


class Ledger(BaseModel):
    run_id: RunId
    alarm: bool
    groups: list[LedgerLine]


async def put_groups(
    programme_id: ProgrammeId, participation_id: ParticipationId, body: GroupsIn, tx: api.InTx
) -> GroupsOut:
    """Keeps the groups a mentee says they belong to, instead of those said before. Nobody can read them
    again; only the figures of groups of at least five are shown."""
    codes = await commands.groups.say(tx, programme_id, participation_id, body.codes)
    return GroupsOut(participation_id=participation_id, codes=codes)


async def get_ledger(run_id: RunId, read: api.Reading) -> Ledger:
    """What a round did for each group that people said they belong to."""
    run = await store.runs.get(read.conn, run_id)
    programme = await store.programmes.get(read.conn, run.programme_id)
    lines = await store.ledger.of_run(read.conn, run.id)
    names = programme.rules.group_names
    return Ledger(run_id=run_id, alarm=run.alarm, groups=[line_out(one, names) for one in lines])


def line_out(line: core.fairness.Line, names: Mapping[str, str]) -> LedgerLine:
    """A line as it may be shown."""
    told = {
        name: getattr(line, name) if line.shown else None
        for name in LedgerLine.model_fields
        if name not in ("code", "name", "suppressed", "alarm")
    }
    return LedgerLine(
        code=line.code,
        name=names.get(line.code, line.code),
        suppressed=not line.shown,
        alarm=line.alarm,
        **told,
    )


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(tags=["fairness"], dependencies=[Depends(auth.requires("programmes:write"))])
    place = "/v1/programmes/{programme_id}/participations/{participation_id}/groups"
    writing.put(place)(put_groups)
    reading = api.router(tags=["fairness"], dependencies=[Depends(auth.requires("matches:read"))])
    reading.get("/v1/runs/{run_id}/fairness")(get_ledger)
    return writing, reading

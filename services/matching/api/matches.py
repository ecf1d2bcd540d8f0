"""Matches and proposals: reading them, and making one by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel

from services.matching import commands, core, store
from services.matching.api import projections
from shared import api, auth
from shared.events import GroupId, MatchId, PersonId, ProgrammeId, RunId


class MatchIn(api.Body):
    """Two people who take part in the programme, one as mentee, one as mentor."""

    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId


class MatchOut(BaseModel):
    """One id from the proposal to the end. `run_id` is empty where the match was made by hand. The mentor
    and the mentees of one circle share `group_id`. Where `peer` is true the two ids are two
    peers in the order of their employee numbers: neither is a mentor. `flag` is why somebody has to look at
    an active match (reporting-line: one now reports to the other). `talk_at` is when the one talk of a flash
    match begins."""

    match_id: MatchId
    programme_id: ProgrammeId
    run_id: RunId | None
    mentee_id: PersonId
    mentor_id: PersonId
    state: core.matches.State
    score: float
    answer_by: AwareDatetime
    mentee_answer: core.matches.Answer | None
    mentor_answer: core.matches.Answer | None
    decline_reason: str | None
    declined_by: PersonId | None
    made_at: AwareDatetime | None
    ends_on: date | None
    ended_at: AwareDatetime | None
    end_reason: str | None
    explanation: dict[str, Any]
    group_id: GroupId | None
    peer: bool
    flag: str | None
    flagged_at: AwareDatetime | None
    talk_at: AwareDatetime | None
    version: int
    created_at: AwareDatetime


class StartingPointOut(BaseModel):
    """A goal of the mentee; `level` is their own estimate of where they stand, 0 to 7."""

    skill: str
    name: str
    level: int | None


class ViewOut(BaseModel):
    """What both are shown: the mentee's goals and starting levels, how the mentee likes to learn, the help
    one `wants` and the other `gives`, what the mentor could learn in return, and where they come from."""

    goals: list[StartingPointOut]
    learning: list[str]
    wants: core.views.Help | None
    gives: core.views.Help | None
    returns: list[str]
    mentee_pool: str
    mentor_pool: str


class MatchView(MatchOut):
    view: ViewOut


async def post_match(body: MatchIn, tx: api.InTx, kept: projections.Kept, response: Response) -> MatchOut:
    """Brings two people together at once, inside the programme's rules and the mentor's seats."""
    match = await commands.matches.make_by_hand(
        tx, kept, body.programme_id, mentee_id=body.mentee_id, mentor_id=body.mentor_id
    )
    api.etag(response, match.version)
    return match_out(match)


async def list_matches(
    read: api.Reading,
    after: api.Cursor,
    limit: api.Limit,
    *,
    programme_id: ProgrammeId | None = None,
    person_id: PersonId | None = None,
    run_id: RunId | None = None,
    state: core.matches.State | None = None,
) -> api.Page[MatchOut]:
    found = await store.matches.page(
        read.conn,
        programme_id=programme_id,
        person_id=person_id,
        run_id=run_id,
        state=state,
        after=after,
        limit=limit + 1,
    )
    return api.page([match_out(one) for one in found], limit, key=lambda one: (one.created_at, one.match_id))


async def get_match(match_id: MatchId, read: api.Reading, response: Response) -> MatchView:
    """The match, and what the two are shown of each other."""
    match = await store.matches.get(read.conn, match_id)
    told = await commands.matches.view(read.conn, match)
    api.etag(response, match.version)
    view = ViewOut.model_validate(told, from_attributes=True)
    return MatchView.model_validate({**vars(match_out(match)), "view": view})


async def post_reviewed(match_id: MatchId, tx: api.InTx, response: Response) -> MatchOut:
    """A flagged match was looked at and goes on as it is."""
    match = await commands.matches.let_be(tx, match_id)
    api.etag(response, match.version)
    return match_out(match)


def match_out(match: core.matches.Match) -> MatchOut:
    return MatchOut.model_validate({**vars(match), "match_id": match.id, "score": match.score})


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(
        prefix="/v1/matches", tags=["matches"], dependencies=[Depends(auth.requires("matches:write"))]
    )
    writing.post("", status_code=201)(post_match)
    writing.post("/{match_id}/reviewed")(post_reviewed)
    reading = api.router(
        prefix="/v1/matches", tags=["matches"], dependencies=[Depends(auth.requires("matches:read"))]
    )
    reading.get("")(list_matches)
    reading.get("/{match_id}")(get_match)
    return writing, reading

"""What mentees ask for: a mentor by name with a purpose, and favourites."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from services.matching import commands, core, store
from services.matching.api import projections
from services.matching.api.matches import MatchOut, match_out
from shared import api, auth
from shared.events import PersonId, ProgrammeId


class RequestIn(api.Body):
    """`purpose` says why this mentor, and what for; the two of them read it, nobody else."""

    mentee_id: PersonId
    mentor_id: PersonId
    purpose: Annotated[str, Field(max_length=core.wishes.PURPOSE_CHARACTERS_MAX)]


class Favourites(api.Body):
    """Mentors of the programme, the one the mentee would like best first."""

    mentor_ids: list[PersonId] = Field(max_length=core.wishes.FAVOURITES_MAX)


class FavouritesOut(BaseModel):
    mentor_ids: list[PersonId]


async def post_request(
    programme_id: ProgrammeId, body: RequestIn, tx: api.InTx, kept: projections.Kept, response: Response
) -> MatchOut:
    """A mentee asks for a mentor: a proposal to which the mentee has said yes. The mentor has three days."""
    match = await commands.wishes.ask(
        tx, kept, programme_id, mentee_id=body.mentee_id, mentor_id=body.mentor_id, purpose=body.purpose
    )
    api.etag(response, match.version)
    return match_out(match)


async def put_favourites(
    programme_id: ProgrammeId, mentee_id: PersonId, body: Favourites, tx: api.InTx
) -> FavouritesOut:
    """Replaces a mentee's favourites; the next round prefers them, the more the earlier they are named."""
    await commands.wishes.prefer(tx, programme_id, mentee_id=mentee_id, mentor_ids=body.mentor_ids)
    return FavouritesOut(mentor_ids=body.mentor_ids)


async def get_favourites(programme_id: ProgrammeId, mentee_id: PersonId, read: api.Reading) -> FavouritesOut:
    found = await store.wishes.favourites_of(read.conn, programme_id, mentee_id)
    return FavouritesOut(mentor_ids=[PersonId(one) for one in found])


def routers() -> tuple[APIRouter, ...]:
    asking = api.router(tags=["matches"], dependencies=[Depends(auth.requires("matches:write"))])
    asking.post("/v1/programmes/{programme_id}/requests", status_code=201)(post_request)
    place = "/v1/programmes/{programme_id}/mentees/{mentee_id}/favourites"
    writing = api.router(tags=["participations"], dependencies=[Depends(auth.requires("programmes:write"))])
    writing.put(place)(put_favourites)
    reading = api.router(tags=["participations"], dependencies=[Depends(auth.requires("programmes:read"))])
    reading.get(place)(get_favourites)
    return asking, writing, reading

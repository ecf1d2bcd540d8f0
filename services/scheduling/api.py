"""Sessions, agreements and feedback for programs with a service token."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from services.scheduling import commands, core, store
from services.scheduling.core.ids import (
    Cadence,
    GroupId,
    MatchId,
    MeetingId,
    PersonId,
    ProgrammeId,
    SessionId,
)
from shared import api, auth
from shared.errors import Refused


class NotAReader(Refused):
    """Feedback is read by the people on its list; a program is none of them."""

    status = 403
    code = "not-a-reader"


class SessionOut(BaseModel):
    """`starts_wall` and `due_wall` are on the clock of `zone`, the mentee's; due is what the rhythm asks.
    Sessions that the pairs of a circle hold together share `meeting_id`: they are moved together, and what is
    said `by` the mentor is said of all."""

    session_id: SessionId
    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    ordinal: int
    state: core.sessions.State
    sequence: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    zone: str
    starts_wall: datetime
    due_wall: datetime
    mode: str
    created_at: AwareDatetime
    closed_at: AwareDatetime | None
    closed_by: PersonId | None
    late: bool
    meeting_id: MeetingId | None


class SlotOut(BaseModel):
    """One slot on both people's clocks."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mentee_zone: str
    mentee_wall: datetime
    mentor_zone: str
    mentor_wall: datetime


class SlotsOut(BaseModel):
    sequence: int
    slots: list[SlotOut]


class AgreementOut(BaseModel):
    """`problem` says why the pair has no next session: no-common-hours, no-free-slot or away. The pairs of a
    circle share `group_id`."""

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    made_at: AwareDatetime
    ends_on: date
    state: core.agreements.State
    version: int
    hours_per_month: int
    cadence: Cadence
    focus: str | None
    mentee_confirmed: bool
    mentor_confirmed: bool
    confirmed_at: AwareDatetime | None
    ended_reason: str | None
    group_id: GroupId | None
    problem: core.booking.Problem | None


class FeedbackOut(BaseModel):
    author_id: PersonId
    about_id: PersonId
    went_well: str
    to_improve: str
    encouragement: str
    share: core.feedback.Share
    submitted_at: AwareDatetime


class FeedbackList(BaseModel):
    items: list[FeedbackOut]


class Act(api.Body):
    """`sequence` is the one that was seen; `by` the person of the pair for whom this is done, if any."""

    sequence: int = Field(ge=0)
    by: PersonId | None = None


class Move(Act):
    starts_at: AwareDatetime


async def list_sessions(
    tx: api.Reading, after: api.Cursor, limit: api.Limit, match_id: MatchId | None = None
) -> api.Page[SessionOut]:
    found = await store.sessions.listed(tx.conn, match_id, after=after, limit=limit + 1)
    items = [_session(one) for one in found]
    return api.page(items, limit, key=lambda one: (one.created_at, one.session_id))


async def get_session(session_id: SessionId, tx: api.Reading) -> SessionOut:
    return _session(await store.sessions.get(tx.conn, session_id))


async def get_slots(session_id: SessionId, tx: api.Reading) -> SlotsOut:
    """Up to six slots to which the session can be moved; none once it has begun or is over."""
    offers = await commands.sessions.offers(tx.conn, session_id, tx.now)
    return SlotsOut(sequence=offers.session.sequence, slots=[_slot(one, offers) for one in offers.slots])


async def move(session_id: SessionId, body: Move, tx: api.InTx) -> SessionOut:
    moved = await commands.sessions.move(tx, session_id, body.sequence, body.starts_at, by=body.by)
    return _session(moved)


async def cancel(session_id: SessionId, body: Act, tx: api.InTx) -> SessionOut:
    reason: Literal["participant", "organiser"] = "participant" if body.by else "organiser"
    gone = await commands.sessions.cancel(tx, session_id, body.sequence, by=body.by, reason=reason)
    return _session(gone)


async def complete(session_id: SessionId, body: Act, tx: api.InTx) -> SessionOut:
    return _session(await commands.sessions.complete(tx, session_id, body.sequence, by=body.by))


async def list_agreements(
    tx: api.Reading, after: api.Cursor, limit: api.Limit, state: store.agreements.Wanted | None = None
) -> api.Page[AgreementOut]:
    """`missing`: not confirmed 14 days after the match. `unbookable`: no slot was found for a session."""
    found = await store.agreements.listed(
        tx.conn, state, made_before=tx.now - core.agreements.MISSING_AFTER, after=after, limit=limit + 1
    )
    items = [_agreement(*one) for one in found]
    return api.page(items, limit, key=lambda one: (one.made_at, one.match_id))


async def read_feedback(
    session_id: SessionId,
    tx: api.Reading,
    caller: Annotated[auth.Caller, Depends(auth.requires("sessions:read"))],
) -> FeedbackList:
    """What the caller may read about a session. The caller is a person: the id of the token is theirs."""
    try:
        reader_id = PersonId(UUID(caller.id))
    except ValueError as error:
        raise NotAReader("feedback is read by the people on its reader list alone") from error
    found = await store.feedback.on_session(tx.conn, session_id, reader_id)
    return FeedbackList(items=[FeedbackOut.model_validate(one, from_attributes=True) for one in found])


def router() -> APIRouter:
    reading = api.router(prefix="/v1", dependencies=[Depends(auth.requires("sessions:read"))])
    reading.get("/sessions", tags=["sessions"])(list_sessions)
    reading.get("/sessions/{session_id}", tags=["sessions"])(get_session)
    reading.get("/sessions/{session_id}/slots", tags=["sessions"])(get_slots)
    reading.get("/agreements", tags=["agreements"])(list_agreements)
    reading.get("/feedback/{session_id}", tags=["feedback"])(read_feedback)
    writing = api.router(prefix="/v1", dependencies=[Depends(auth.requires("sessions:write"))])
    writing.post("/sessions/{session_id}/move", tags=["sessions"])(move)
    writing.post("/sessions/{session_id}/cancel", tags=["sessions"])(cancel)
    writing.post("/sessions/{session_id}/complete", tags=["sessions"])(complete)
    made = APIRouter()
    made.include_router(reading)
    made.include_router(writing)
    return made


def _session(session: core.sessions.Session) -> SessionOut:
    return SessionOut.model_validate(session, from_attributes=True)


def _slot(slot: core.slots.Interval, offers: commands.sessions.Offers) -> SlotOut:
    return SlotOut(
        starts_at=slot.start,
        ends_at=slot.end,
        mentee_zone=str(offers.mentee.zone),
        mentee_wall=core.slots.wall(slot.start, offers.mentee.zone),
        mentor_zone=str(offers.mentor.zone),
        mentor_wall=core.slots.wall(slot.start, offers.mentor.zone),
    )


def _agreement(agreement: core.agreements.Agreement, problem: core.booking.Problem | None) -> AgreementOut:
    return AgreementOut(
        match_id=agreement.match_id,
        programme_id=agreement.programme_id,
        mentee_id=agreement.mentee_id,
        mentor_id=agreement.mentor_id,
        made_at=agreement.made_at,
        ends_on=agreement.ends_on,
        state=agreement.state,
        version=agreement.version,
        hours_per_month=agreement.terms.hours_per_month,
        cadence=agreement.terms.cadence,
        focus=agreement.terms.focus,
        mentee_confirmed=agreement.confirmed_by(agreement.mentee_id),
        mentor_confirmed=agreement.confirmed_by(agreement.mentor_id),
        confirmed_at=agreement.confirmed_at,
        ended_reason=agreement.ended_reason,
        group_id=agreement.group_id,
        problem=problem,
    )

"""Parked events and the breaker's stop over HTTP, the same in every service: for who holds `operate`.

What is shown may hold a person's name (a card that could not be applied), so each look is logged with who
looked. A program that acts for somebody names them in `On-Behalf-Of`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query
from pydantic import BaseModel, Field

from shared import log
from shared import parked as operators
from shared.api import paging
from shared.api.doors import InTx, Reading
from shared.api.idempotency import router as keyed
from shared.api.models import Body
from shared.auth import Caller, requires
from shared.inbox import State, consumer_state

ID_MAX = 2**63 - 1

Id: TypeAlias = Annotated[int, Path(ge=1, le=ID_MAX, description="the number in the list of parked events")]
States: TypeAlias = Annotated[
    list[State] | None, Query(description="only those in these states; default: all that are open")
]
OnBehalfOf: TypeAlias = Annotated[
    str, Header(max_length=100, pattern=r"^[ -~]*$", description="for whom the caller acts, as it is kept")
]


class Parked(BaseModel):
    """An event that could not be applied. `head` is the earlier event of its key that it waits for."""

    id: int
    event_id: UUID | None
    topic: str
    key: str
    state: State
    meaning: str
    error: str
    attempts: int
    next_attempt_at: datetime | None
    parked_at: datetime
    head: int | None
    waiting_total: int = Field(description="how many wait behind it")
    closed_at: datetime | None
    closed_by: str | None
    closed_reason: str | None


class Waiting(BaseModel):
    id: int
    event_id: UUID | None
    state: State
    time: datetime


class Payload(BaseModel):
    """`text` is JSON laid out for reading, text as it came, or base64."""

    format: operators.Format
    text: str
    is_cut: bool


class ParkedInFull(Parked):
    """With its record, and the first of those that wait behind it."""

    partition: int
    offset: int
    record_time: datetime
    headers: list[tuple[str, str]]
    payload: Payload
    waiting: list[Waiting]


class Retried(BaseModel):
    """How many are due now. A stopped consumer tries nothing: then the reason of its stop is here."""

    retried: int
    stopped_reason: str | None


class Reason(Body):
    reason: str = Field(min_length=1, max_length=operators.REASON_CHARS_MAX)


class Resumed(BaseModel):
    was_stopped: bool
    stopped_at: datetime | None
    stopped_reason: str | None


OPERATE = requires("operate")


async def _actor(caller: Annotated[Caller, Depends(OPERATE)], on_behalf_of: OnBehalfOf = "") -> str:
    return f"{caller.id} for {on_behalf_of}" if on_behalf_of else caller.id


Actor: TypeAlias = Annotated[str, Depends(_actor)]


async def list_parked(
    store: Reading, after: paging.Cursor, limit: paging.Limit, state: States = None
) -> paging.Page[Parked]:
    """Parked events, oldest first, without what was in them."""
    seen = after[1].int if after else 0
    rows = await operators.list_parked(store.conn, tuple(state or ()), after=min(seen, ID_MAX), limit=limit)
    # The numbers are the order; they travel in the cursor in the place of an id.
    return paging.page(
        [_parked(row) for row in rows], limit, key=lambda row: (row.parked_at, UUID(int=row.id))
    )


async def show_parked(parked_id: Id, store: Reading, by: Actor) -> ParkedInFull:
    """One parked event: payload, error, attempts, and what waits behind it."""
    shown = await operators.show_parked(store.conn, parked_id)
    log.info("parked-shown", parked=parked_id, topic=shown.listed.topic, by=by)
    return ParkedInFull(
        **_parked(shown.listed).model_dump(),
        partition=shown.partition,
        offset=shown.offset,
        record_time=shown.record_time,
        headers=list(shown.headers),
        payload=Payload(**asdict(shown.payload)),
        waiting=[Waiting(**asdict(one)) for one in shown.waiting],
    )


async def retry_parked(parked_id: Id, tx: InTx, by: Actor) -> Retried:
    """Tries one again now; what waits behind it goes on after it."""
    return await _retry(tx, parked_id, by)


async def retry_all(tx: InTx, by: Actor) -> Retried:
    """Tries every one again whose turn it is, dead ones too."""
    return await _retry(tx, None, by)


async def _retry(tx: InTx, parked_id: int | None, by: str) -> Retried:
    many = await operators.retry_parked(tx.conn, parked_id)
    log.info("parked-retried", parked=parked_id or "all", events=many, by=by)
    return Retried(retried=many, stopped_reason=(await consumer_state(tx.conn)).stopped_reason)


async def drop_parked(parked_id: Id, body: Reason, tx: InTx, *, by: Actor) -> Parked:
    """Gives one up for good. The event, the reason and who gave it are kept; its key goes on."""
    dropped = await operators.drop_parked(tx.conn, parked_id, body.reason, by=by)
    log.info("parked-dropped", parked=parked_id, topic=dropped.topic, by=by)
    return _parked(dropped)


async def resume(tx: InTx, by: Actor) -> Resumed:
    """Lets a consumer go on that the breaker has stopped."""
    was = await operators.resume(tx.conn, by=by)
    stopped = was.stopped_at is not None
    log.info("breaker", service=tx.service, outcome="resumed" if stopped else "was not stopped", by=by)
    return Resumed(was_stopped=stopped, stopped_at=was.stopped_at, stopped_reason=was.stopped_reason)


def _parked(row: operators.Listed) -> Parked:
    return Parked(**asdict(row), meaning=operators.MEANINGS[row.state], waiting_total=row.waiting)


def router() -> APIRouter:
    made = keyed(tags=["plumbing"], dependencies=[Depends(OPERATE)])
    made.get("/v1/parked")(list_parked)
    made.get("/v1/parked/{parked_id}")(show_parked)
    made.post("/v1/parked/retry")(retry_all)
    made.post("/v1/parked/{parked_id}/retry")(retry_parked)
    made.post("/v1/parked/{parked_id}/drop")(drop_parked)
    made.post("/v1/consumer/resume")(resume)
    return made

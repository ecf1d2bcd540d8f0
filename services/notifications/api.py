"""What operators may ask: which messages are owed, sent or failed, how long they took; never their words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.notifications.store import deliveries, messages
from shared import api
from shared.auth import requires
from shared.errors import NotFound


class Out(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class MessageOut(Out):
    """`id` is the Message-ID before the @; `cause` the id of the event; times are business time."""

    id: UUID
    recipient_id: UUID
    cause: UUID
    kind: str
    channel: str
    state: messages.State
    calendar: bool
    caused_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str | None
    created_at: datetime


class KindOut(Out):
    kind: str
    waiting: int
    sent: int
    failed: int
    withdrawn: int
    delay_s_median: float | None = Field(description="business seconds from the event to its mail")
    delay_s_max: float | None


class DeliveryOut(Out):
    """`in_hand` counts messages being sent or about to be tried again."""

    next_due: datetime | None
    in_hand: int
    kinds: list[KindOut]


async def get_messages(
    read: api.Reading,
    after: api.Cursor,
    limit: api.Limit,
    *,
    state: Annotated[messages.State | None, Query()] = None,
    recipient_id: Annotated[UUID | None, Query()] = None,
) -> api.Page[MessageOut]:
    rows = await messages.listed(
        read.conn, state=state, recipient_id=recipient_id, after=after, limit=limit + 1
    )
    shown = [MessageOut.model_validate(row) for row in rows]
    return api.page(shown, limit, key=lambda one: (one.created_at, one.id))


async def get_message(read: api.Reading, message_id: UUID) -> MessageOut:
    row = await messages.find(read.conn, message_id)
    if row is None:
        raise NotFound(f"there is no message {message_id}")
    return MessageOut.model_validate(row)


async def get_delivery(read: api.Reading) -> DeliveryOut:
    return DeliveryOut(
        next_due=await deliveries.next_due(read.conn),
        in_hand=await deliveries.busy(read.conn),
        kinds=[KindOut.model_validate(row) for row in await messages.figures(read.conn)],
    )


def router() -> APIRouter:
    made = api.router(prefix="/v1", tags=["delivery"], dependencies=[Depends(requires("operate"))])
    made.get("/messages")(get_messages)
    made.get("/messages/{message_id}")(get_message)
    made.get("/delivery")(get_delivery)
    return made

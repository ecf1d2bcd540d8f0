"""Forgetting people: asking for it, cancelling it, and the receipt of what was removed where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel

from services.matching import commands, core, store
from services.matching.settings import Settings
from shared import api, auth, envelope
from shared.api import context, disclosure
from shared.auth import Caller
from shared.events import PersonId
from shared.tx import Connection

Asking = Annotated[Caller, Depends(auth.requires("privacy:write"))]


class ErasureIn(api.Body):
    person_id: PersonId


class AccessOut(BaseModel):
    """Where the person sees what is kept of them. Whoever has the link sees it: send it to nobody else."""

    url: str
    expires_at: AwareDatetime


class ReceiptOut(BaseModel):
    """`removed`: rows by table."""

    service: str
    given_at: AwareDatetime
    removed: Mapping[str, int]


class ErasureOut(BaseModel):
    """`state`: waiting (until `runs_at`, when it can no longer be cancelled), cancelled, erased, and complete
    once no service is `missing` in the receipts."""

    erasure_id: UUID
    person_id: PersonId
    cause: str
    state: str
    asked_by: str
    asked_at: AwareDatetime
    runs_at: AwareDatetime
    cancelled_by: str | None
    cancelled_at: AwareDatetime | None
    erased_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    version: int
    receipts: list[ReceiptOut]
    missing: list[str]


async def ask(body: ErasureIn, tx: api.InTx, caller: Asking, request: Request) -> ErasureOut:
    """Notes that a person is to be erased, after the days that the settings give; asked twice is asked once.
    Nothing happens before, and until then it can be cancelled."""
    days = _settings(request).erasure_wait_days
    erasure = await commands.privacy.ask(tx, body.person_id, cause="request", by=caller.id, wait_days=days)
    return await _shown(tx.conn, erasure)


async def give_access(body: ErasureIn, read: api.Reading, request: Request) -> AccessOut:
    """A signed link to a person's own data: all of it, from all services, at the end as one file."""
    person = await store.people.get(read.conn, body.person_id)
    settings, now = _settings(request), read.now
    until = now + timedelta(days=settings.my_data_days)
    link = auth.SignedLink(disclosure.PURPOSE, person.id, person.id, until, envelope.new_id())
    token = auth.mint(settings.link_key.get_secret_value(), link)
    return AccessOut(url=f"{settings.pages_matching.rstrip('/')}{disclosure.PATH}/{token}", expires_at=until)


def _settings(request: Request) -> Settings:
    settings = context.of(request).settings
    assert isinstance(settings, Settings)
    return settings


async def cancel(erasure_id: UUID, tx: api.InTx, caller: Asking) -> ErasureOut:
    """Takes the request back. Whoever was erased stays so."""
    return await _shown(tx.conn, await commands.privacy.cancel(tx, erasure_id, by=caller.id))


async def list_erasures(
    read: api.Reading, after: api.Cursor, limit: api.Limit, *, person_id: PersonId | None = None
) -> api.Page[ErasureOut]:
    """All that was ever asked for, oldest first, or what was asked for one person."""
    found = await store.privacy.page(read.conn, person_id, after=after, limit=limit + 1)
    shown = [await _shown(read.conn, one) for one in found]
    return api.page(shown, limit, key=lambda one: (one.asked_at, one.erasure_id))


async def get_erasure(erasure_id: UUID, read: api.Reading) -> ErasureOut:
    """One erasure with its receipts: what was removed where."""
    return await _shown(read.conn, await store.privacy.get(read.conn, erasure_id))


async def _shown(conn: Connection, one: core.privacy.Erasure) -> ErasureOut:
    receipts = await store.privacy.receipts(conn, one.id)
    missing = core.privacy.missing(receipts, commands.privacy.SPEAKERS) if one.erased_at else []
    return ErasureOut(
        erasure_id=one.id,
        person_id=PersonId(one.person_id),
        cause=one.cause,
        state=one.state,
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        runs_at=one.runs_at,
        cancelled_by=one.cancelled_by,
        cancelled_at=one.cancelled_at,
        erased_at=one.erased_at,
        completed_at=one.completed_at,
        version=one.version,
        receipts=[ReceiptOut.model_validate(receipt, from_attributes=True) for receipt in receipts],
        missing=missing,
    )


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(prefix="/v1/privacy/erasures", tags=["privacy"])
    writing.post("", status_code=202)(ask)
    writing.post("/{erasure_id}/cancel")(cancel)
    reading = api.router(
        prefix="/v1/privacy/erasures",
        tags=["privacy"],
        dependencies=[Depends(auth.requires("privacy:read"))],
    )
    reading.get("")(list_erasures)
    reading.get("/{erasure_id}")(get_erasure)
    links = api.router(
        prefix="/v1/privacy/access", tags=["privacy"], dependencies=[Depends(auth.requires("privacy:write"))]
    )
    links.post("")(give_access)
    return writing, reading, links

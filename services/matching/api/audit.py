"""Who changed what, when, from what to what."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel

from services.matching import core, store
from shared import api, auth
from shared.events import PersonId

Subjects = Annotated[list[str], Query(max_length=20)]


class ChangeOut(BaseModel):
    """`before` and `after` are the columns that changed; both are empty where they were `erased`. `sealed`:
    the entry is in the chain that `mentoring audit verify` checks."""

    entry: int
    at: AwareDatetime
    actor: str
    action: str
    subject: str
    key: str
    person_id: UUID | None
    partner_id: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]
    erased: bool
    sealed: bool


class ChangesOut(BaseModel):
    """`next` is what to give as `before` for older ones, empty at the end."""

    items: list[ChangeOut]
    next: int | None


async def list_changes(
    read: api.Reading,
    limit: api.Limit,
    *,
    person_id: PersonId | None = None,
    subject: Subjects = [],  # noqa: B006
    before: int | None = None,
) -> ChangesOut:
    """The newest changes first; of one person, or of some subjects."""
    found = await store.audit.page(
        read.conn, person_id=person_id, subjects=subject, before=before, limit=limit + 1
    )
    shown = [_change(one) for one in found[:limit]]
    return ChangesOut(items=shown, next=shown[-1].entry if len(found) > limit else None)


def _change(one: core.audit.Entry) -> ChangeOut:
    told = core.audit.told(json.loads(one.payload or "{}"))
    return ChangeOut(
        entry=one.id,
        at=one.at,
        actor=one.actor,
        action=one.action,
        subject=one.subject,
        key=one.key,
        person_id=one.person_id,
        partner_id=one.partner_id,
        before=told.before,
        after=told.after,
        erased=one.payload is None,
        sealed=one.position is not None,
    )


def routers() -> tuple[APIRouter, ...]:
    made = api.router(prefix="/v1/audit", tags=["audit"], dependencies=[Depends(auth.requires("audit:read"))])
    made.get("")(list_changes)
    return (made,)

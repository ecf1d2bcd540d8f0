"""Facts about people for administrators: what was said, what waits for them, and what they decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.matching import commands, core, store
from services.matching.core.facts import Kept
from services.matching.core.guard import Hold
from shared import api, auth
from shared.events import PersonId

PREFIX = "/v1/hris"
By = Annotated[auth.Caller, Depends(auth.requires("people:write"))]
Text = Annotated[str, Field(max_length=200)]
BIGGEST = core.facts.VERSION_MAX
Before = Annotated[int | None, Query(ge=1, le=BIGGEST, description="`next` of the page before")]
FactId = Annotated[int, Path(ge=1, le=BIGGEST)]
Outcome = Literal["applied", "waiting", "superseded", "held", "rejected", "cancelled"]


class ApplyIn(api.Body):
    """Whose the fact is; empty: it is tried again as it was said."""

    person_id: PersonId | None = None


class FactOut(BaseModel):
    """One thing a source said, and what became of it. `due_at` is when it will hold; `field` and `reason` are
    what is wrong with a fact that is held or rejected. `hold_id`: it is one of too many at once."""

    fact_id: int
    source: str
    event_id: str
    kind: str
    employee_number: str | None
    external_id: str | None
    work_email: str | None
    fields: dict[str, str | None]
    effective_on: date | None
    until: date | None
    said_at: AwareDatetime | None
    said_version: int | None
    received_at: AwareDatetime
    person_id: PersonId | None
    state: Outcome
    field: str
    reason: str
    due_at: AwareDatetime | None
    applied_at: AwareDatetime | None
    hold_id: UUID | None


class Facts(BaseModel):
    """The newest arrival first; `next` is the `before` of the page that follows, null where none does."""

    items: list[FactOut]
    next: int | None


class HeldBack(BaseModel):
    person_id: PersonId
    employee_number: str
    name: str
    status: str


class HoldOut(BaseModel):
    """People whom one source has ended, more than `people_max` within an hour, at most 200 of them listed.

    Their access has stopped. Their matches end when it is confirmed; when it is dismissed they are as before.
    """

    hold_id: UUID
    source: str
    state: Literal["open", "confirmed", "dismissed"]
    people_max: int
    opened_at: AwareDatetime
    decided_at: AwareDatetime | None
    decided_by: str | None
    people: list[HeldBack]


class Circle(BaseModel):
    """Who would report to themselves over others: their manager is left out until it is corrected."""

    person_id: PersonId
    employee_number: str
    name: str
    manager_employee_number: str


class Circles(BaseModel):
    items: list[Circle]


async def list_facts(
    read: api.Reading,
    limit: api.Limit,
    state: Literal["held", "rejected", "waiting"],
    *,
    source: str | None = None,
    before: Before = None,
) -> Facts:
    """What waits: for a decision (held), to be said better (rejected), for its day or person (waiting)."""
    found = await store.facts.in_state(read.conn, state, source, before=before, limit=limit + 1)
    return _page(found, limit)


async def timeline(person_id: PersonId, read: api.Reading, limit: api.Limit, before: Before = None) -> Facts:
    """Everything that was said about somebody."""
    await store.people.get(read.conn, person_id)
    found = await store.facts.of_person(read.conn, person_id, before=before, limit=limit + 1)
    return _page(found, limit)


async def confirm_termination(person_id: PersonId, tx: api.InTx) -> FactOut:
    """Somebody who is inactive has left: nothing waits for the end of the grace."""
    taken = await commands.ruling.confirm_termination(tx, person_id)
    (kept,) = await store.facts.about(tx.conn, [], [taken.fact.key])
    return _fact(kept)


async def apply_fact(fact_id: FactId, body: ApplyIn, tx: api.InTx) -> FactOut:
    """A held or rejected fact is this person's, or is tried again."""
    return _fact(await commands.ruling.give(tx, fact_id, body.person_id))


async def drop_fact(fact_id: FactId, tx: api.InTx, by: By) -> FactOut:
    """A held or rejected fact is not to hold."""
    return _fact(await commands.ruling.drop(tx, fact_id, by=by.id))


async def cancel_fact(fact_id: FactId, tx: api.InTx, by: By) -> FactOut:
    """A fact that holds, or waits for its day, is not to hold. What it has ended stays ended."""
    return _fact(await commands.ruling.cancel(tx, fact_id, by=by.id))


async def list_circles(read: api.Reading) -> Circles:
    """Circles in the reporting lines. Of the words that make one the newest is left out."""
    return Circles(
        items=[
            Circle(
                person_id=PersonId(one.id),
                employee_number=one.card.employee_number,
                name=one.name,
                manager_employee_number=boss,
            )
            for one, boss in await store.lines.circles(read.conn)
        ]
    )


async def list_holds(read: api.Reading, after: api.Cursor, limit: api.Limit) -> api.Page[HoldOut]:
    found = await store.holds.page(read.conn, after=after, limit=limit + 1)
    items = [_hold(one, await store.holds.who(read.conn, one.id)) for one in found]
    return api.page(items, limit, key=lambda one: (one.opened_at, one.hold_id))


async def confirm_hold(hold_id: UUID, tx: api.InTx, by: By) -> HoldOut:
    """They have really left: their matches end now."""
    hold = await commands.ruling.confirm(tx, hold_id, by=by.id)
    return _hold(hold, await store.holds.who(tx.conn, hold_id))


async def dismiss_hold(hold_id: UUID, tx: api.InTx, by: By) -> HoldOut:
    """The source was wrong: everybody is as before."""
    hold = await commands.ruling.dismiss(tx, hold_id, by=by.id)
    return _hold(hold, await store.holds.who(tx.conn, hold_id))


def _page(found: Sequence[Kept], limit: int) -> Facts:
    items = [_fact(one) for one in found[:limit]]
    return Facts(items=items, next=items[-1].fact_id if len(found) > limit else None)


def _fact(one: Kept) -> FactOut:
    fact, who = one.fact, one.fact.who
    return FactOut(
        fact_id=one.heard.arrival,
        source=fact.source,
        event_id=fact.event_id,
        kind=fact.kind,
        employee_number=who.employee_number,
        external_id=who.external_id,
        work_email=who.work_email,
        fields=dict(fact.fields),
        effective_on=fact.effective_on,
        until=fact.until,
        said_at=fact.said_at,
        said_version=fact.said_version,
        received_at=one.heard.received_at,
        person_id=None if one.person_id is None else PersonId(one.person_id),
        state=one.state,
        field=one.field,
        reason=one.reason,
        due_at=one.due_at,
        applied_at=one.applied_at,
        hold_id=one.hold_id,
    )


def _hold(hold: Hold, people: Sequence[core.people.Person]) -> HoldOut:
    return HoldOut.model_validate(
        {
            **vars(hold),
            "hold_id": hold.id,
            "people": [
                {
                    "person_id": one.id,
                    "employee_number": one.card.employee_number,
                    "name": one.name,
                    "status": one.card.status,
                }
                for one in people
            ],
        }
    )


def routers() -> tuple[APIRouter, ...]:
    reading = api.router(prefix=PREFIX, tags=["hris"], dependencies=[Depends(auth.requires("people:read"))])
    reading.get("/facts")(list_facts)
    reading.get("/people/{person_id}/facts")(timeline)
    reading.get("/circles")(list_circles)
    reading.get("/holds")(list_holds)
    writing = api.router(prefix=PREFIX, tags=["hris"], dependencies=[Depends(auth.requires("people:write"))])
    writing.post("/facts/{fact_id}/apply")(apply_fact)
    writing.post("/facts/{fact_id}/drop")(drop_fact)
    writing.post("/facts/{fact_id}/cancel")(cancel_fact)
    writing.post("/people/{person_id}/confirm-termination")(confirm_termination)
    writing.post("/holds/{hold_id}/confirm")(confirm_hold)
    writing.post("/holds/{hold_id}/dismiss")(dismiss_hold)
    return reading, writing

"""Forgetting people: asked for, waited for, carried out, and acknowledged by every service."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from services.matching import core, store
from services.matching.commands import leaving
from services.matching.core.ids import PersonId
from services.matching.core.privacy import Cause, Erasure, Receipt
from shared import envelope, privacy
from shared.events import SAID_BY, PersonChanged, PersonErased, PersonForgotten
from shared.events import PersonId as SaidPersonId
from shared.tx import Tx

AGAIN_AT_ONCE = 100
OURS = "matching"
SPEAKERS = frozenset({OURS, *(service for service, said in SAID_BY.items() if PersonForgotten in said)})
"""Who gives a receipt."""


async def ask(tx: Tx, person_id: UUID, *, cause: Cause, by: str, wait_days: int) -> Erasure:
    """Notes that a person is to be erased in so many days; twice is once. Raises NotFound."""
    person = await store.people.get(tx.conn, person_id)
    erasure = Erasure(
        id=envelope.new_id(),
        person_id=PersonId(person.id),
        cause=cause,
        asked_by=by,
        asked_at=tx.now,
        runs_at=tx.now + timedelta(days=wait_days),
    )
    if await store.privacy.add(tx.conn, erasure):
        return erasure
    known = await store.privacy.find_of(tx.conn, person_id)
    assert known is not None
    return known


async def cancel(tx: Tx, erasure_id: UUID, *, by: str) -> Erasure:
    """Raises NotFound or TooLateToCancel."""
    erasure = await store.privacy.get_locked(tx.conn, erasure_id)
    after = core.privacy.cancelled(erasure, by=by, now=tx.now)
    await store.privacy.save(tx.conn, after)
    return after


async def run_due(tx: Tx) -> None:
    """Erases whoever has been due longest."""
    erasure = await store.privacy.lock_due(tx.conn, tx.now)
    if erasure is not None:
        await _erase(tx, erasure)


async def _erase(tx: Tx, erasure: Erasure) -> None:
    """Ends what is open, deletes, says so. The tombstone is the last thing that is ever said of the card."""
    person_id = erasure.person_id
    await _end_everything(tx, person_id)
    person = await store.people.get(tx.conn, person_id)
    card = person.card
    traces = privacy.Traces(person_id, (card.work_email, card.user_name), (card.given_name, card.family_name))
    await privacy.note(tx, person_id)
    removed = await privacy.forget(tx, traces, store.privacy.ERASED)
    await store.privacy.save_receipt(tx.conn, erasure.id, Receipt(OURS, tx.now, removed))
    await store.privacy.save(tx.conn, core.privacy.erased(erasure, now=tx.now))
    tx.emit(PersonErased(at=tx.now, person_id=SaidPersonId(person_id)))
    tx.forget(PersonChanged, str(person_id))


async def _end_everything(tx: Tx, person_id: PersonId) -> None:
    mine = await store.participations.lock_of_people(tx.conn, [person_id])
    await leaving.leave(tx, mine, "erased")


async def take_receipt(tx: Tx, given: PersonForgotten) -> None:
    """Adds a service's receipt; the last one completes the erasure."""
    erasure = await store.privacy.find_of(tx.conn, given.person_id)
    if erasure is None:  # an erasure of which nothing is known here was none of ours
        return
    known = {one.service: one for one in await store.privacy.receipts(tx.conn, erasure.id)}
    receipt = Receipt(given.service, given.at, given.removed)
    known[given.service] = core.privacy.added(known.get(given.service), receipt)
    await store.privacy.save_receipt(tx.conn, erasure.id, known[given.service])
    outstanding = core.privacy.missing(list(known.values()), SPEAKERS)
    await store.privacy.save(tx.conn, core.privacy.acknowledged(erasure, outstanding, now=tx.now))


async def say_again(tx: Tx) -> None:
    """Says tombstones once more, so that the segments which hold the cards are closed and compacted."""
    for erasure in await store.privacy.lock_again(tx.conn, tx.now, AGAIN_AT_ONCE):
        tx.forget(PersonChanged, str(erasure.person_id))
        await store.privacy.save(tx.conn, core.privacy.said_again(erasure))

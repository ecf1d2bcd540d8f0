"""A matching round: asked for, begun, looked at or cancelled. What takes long is in `solving`."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.matching import core, store
from services.matching.commands import notes, programmes
from services.matching.core.ids import RunId
from services.matching.core.programmes import Programme
from services.matching.core.runs import Run
from shared import envelope
from shared.tx import Tx

ITS_TIME = "its time"


async def ask(tx: Tx, programme: Programme, *, by: str) -> Run:
    """A run of a programme that is locked, to be solved as soon as a process is free.

    Where one waits already that one is returned: it has not looked at anything yet.
    """
    run = Run(RunId(envelope.new_id()), programme.id, tx.now, asked_by=by)
    await store.programmes.set_round(tx.conn, programme.id, None)
    if await store.runs.add(tx.conn, run):
        return run
    await store.runs.ask_whole(tx.conn, programme.id, by=by)
    waiting = await store.runs.find_queued(tx.conn, programme.id)
    assert waiting is not None, "the programme is locked"
    return waiting


async def ask_when_due(tx: Tx, programme: Programme) -> None:
    """The round whose time has come. One that is under review waits for its administrator instead."""
    if await store.runs.in_review(tx.conn, programme.id):
        await store.programmes.set_round(tx.conn, programme.id, None)
    else:
        await ask(tx, programme, by=ITS_TIME)


async def ask_to_offer(tx: Tx, programme: Programme) -> None:
    """A run, of a programme that is locked, that offers what need not wait for the next round. Where a whole
    run waits already, that does."""
    await store.programmes.offers_looked_for(tx.conn, programme.id)
    if core.programmes.offer_at(programme, tx.now) is None:
        return
    run = Run(RunId(envelope.new_id()), programme.id, tx.now, asked_by=core.runs.SOMEBODY_JOINED)
    await store.runs.add(tx.conn, run)


async def cancel(tx: Tx, run_id: UUID, *, by: str) -> Run:
    """Nothing of the run is published; the next round is asked for. Raises NotFound or RunFinished."""
    programme_id = (await store.runs.get(tx.conn, run_id)).programme_id
    await store.programmes.lock(tx.conn, programme_id)
    run = await store.runs.get_locked(tx.conn, run_id)
    after = core.runs.cancelled(run, f"Cancelled by {by}.", now=tx.now)
    if run.state == "solving":
        await notes.forget(tx.conn, run.id)
    await store.runs.update(tx.conn, after)
    await programmes.pool_changed(tx, programme_id)
    return after


async def begin(tx: Tx, run_id: UUID) -> Run | None:
    """The run in the hands of this process, which works on the programme alone. None: it is not to be solved.

    What changes from here on asks for the next round, which a run that only offers does not stand for.
    """
    programme = await store.programmes.lock(tx.conn, (await store.runs.get(tx.conn, run_id)).programme_id)
    run = await store.runs.get_locked(tx.conn, run_id)
    if run.state not in ("queued", "solving"):
        return None
    standing = await store.runs.in_review(tx.conn, programme.id)
    begun = core.runs.begun(run, now=tx.now)
    after = replace(begun, replaces=standing[-1].id if standing else None)
    await store.runs.update(tx.conn, after)
    if after.state == "failed":
        await notes.forget(tx.conn, run.id)
        await programmes.pool_changed(tx, programme.id)
        return None
    if not after.only_offers:
        await store.programmes.set_round(tx.conn, programme.id, None)
    return after

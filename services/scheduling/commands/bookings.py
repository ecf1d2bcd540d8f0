"""Gives the pairs that wait their next session."""

from __future__ import annotations

from services.scheduling import core, store
from services.scheduling.commands import phrases
from services.scheduling.core.ids import SessionId
from shared import envelope
from shared.errors import Transient
from shared.tx import Tx


async def book(tx: Tx, pairs_max: int) -> None:
    """Books for the pairs that are due, by the employee numbers of their mentees.

    Raises Transient where somebody else took a time between our look and our booking: nothing is booked
    then, and the next try sees it.
    """
    waiting = {one.booking.match_id: one for one in await store.bookings.lock_due(tx.conn, tx.now, pairs_max)}
    calendars = await store.people.calendars(tx.conn, list(waiting), after=tx.now)
    for decision in core.booking.choose_all([one.booking for one in waiting.values()], calendars, tx.now):
        match_id = decision.booking.match_id
        if isinstance(decision, core.booking.Chosen):
            await _save(tx, _session(tx, waiting[match_id], decision))
            await store.bookings.drop(tx.conn, match_id)
        elif decision.problem is None:
            await store.bookings.drop(tx.conn, match_id)
        else:
            again = core.booking.try_again_at(decision, decision.problem, tx.now)
            await store.bookings.put_off(tx.conn, match_id, again, decision.problem)


async def _save(tx: Tx, session: core.sessions.Session) -> None:
    await store.sessions.add(tx.conn, session)
    if not await store.sessions.take_time(tx.conn, session):
        raise Transient("a time was taken while sessions were being booked")
    tx.emit(phrases.scheduled(session, tx.now))


def _session(tx: Tx, due: store.bookings.Due, chosen: core.booking.Chosen) -> core.sessions.Session:
    return core.sessions.Session(
        session_id=SessionId(envelope.new_id()),
        match_id=due.booking.match_id,
        programme_id=due.programme_id,
        mentee_id=due.booking.mentee_id,
        mentor_id=due.booking.mentor_id,
        ordinal=due.ordinal,
        starts_at=chosen.slot.start,
        ends_at=chosen.slot.end,
        zone=due.mentee_zone,
        starts_wall=chosen.starts_wall,
        due_wall=chosen.due_wall,
        created_at=tx.now,
    )

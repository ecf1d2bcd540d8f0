"""Gives the pairs and circles that wait their next session."""

from __future__ import annotations

from dataclasses import replace

from services.scheduling import core, store
from services.scheduling.commands import phrases
from services.scheduling.core.ids import GroupId, MeetingId, PersonId, SessionId
from shared import envelope
from shared.errors import Transient
from shared.tx import Tx


async def book(tx: Tx, pairs_max: int) -> None:
    """Books for the pairs that are due, by the employee numbers of their mentees; circles meet together.

    Raises Transient where somebody else took a time between our look and our booking: nothing is booked
    then, and the next try sees it.
    """
    waiting = {one.booking.match_id: one for one in await store.bookings.lock_due(tx.conn, tx.now, pairs_max)}
    bookings = [one.booking for one in waiting.values()]
    circles = await store.circles.known(tx.conn, {one.group_id for one in bookings if one.group_id})
    calendars = await store.people.calendars(tx.conn, list(waiting), after=tx.now)
    meetings: dict[tuple[GroupId, core.slots.Interval], MeetingId] = {}
    for decision in core.rounds.choose_all(bookings, circles, calendars, tx.now):
        due = waiting[decision.booking.match_id]
        if isinstance(decision, core.booking.Chosen):
            await _book(tx, due, decision, meetings)
        elif isinstance(decision, core.circles.Joins):
            await _join(tx, due, decision)
        elif isinstance(decision, core.circles.Later):
            await store.bookings.put_off(tx.conn, decision.booking.match_id, decision.at, None)
        else:
            await _put_off(tx, decision)


async def _book(
    tx: Tx,
    due: store.bookings.Due,
    chosen: core.booking.Chosen,
    meetings: dict[tuple[GroupId, core.slots.Interval], MeetingId],
) -> None:
    """The session of a pair, or of one in a circle: of a meeting the first takes the mentor's time."""
    session, people = _session(tx, due, chosen), [due.booking.mentee_id, due.booking.mentor_id]
    if due.booking.group_id is not None:
        key = due.booking.group_id, chosen.slot
        if key in meetings:
            people.pop()
        meeting_id = meetings.setdefault(key, MeetingId(envelope.new_id()))
        session = replace(session, meeting_id=meeting_id)
    await _save(tx, session, people)


async def _join(tx: Tx, due: store.bookings.Due, joins: core.circles.Joins) -> None:
    """A session in a meeting that is planned: the mentor's time is taken already."""
    meeting = joins.meeting
    chosen = core.booking.Chosen(joins.booking, meeting.slot, joins.starts_wall, joins.due_wall)
    session = replace(_session(tx, due, chosen), meeting_id=meeting.meeting_id, sequence=meeting.sequence)
    await _save(tx, session, [due.booking.mentee_id])


async def _put_off(tx: Tx, decision: core.booking.NotBooked) -> None:
    match_id = decision.booking.match_id
    if decision.problem is None:
        await store.bookings.drop(tx.conn, match_id)
    else:
        again = core.booking.try_again_at(decision, decision.problem, tx.now)
        await store.bookings.put_off(tx.conn, match_id, again, decision.problem)


async def _save(tx: Tx, session: core.sessions.Session, people: list[PersonId]) -> None:
    await store.sessions.add(tx.conn, session)
    if not await store.sessions.take_time(tx.conn, session.time_id, people, session.slot):
        raise Transient("a time was taken while sessions were being booked")
    await store.bookings.drop(tx.conn, session.match_id)
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

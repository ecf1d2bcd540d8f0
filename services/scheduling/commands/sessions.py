"""What can be done with a session, whoever asks: a page, a program or the clock.

`by` is who acts, None where it is no person of the pair; `sequence` is the one that was seen. All raise
NotFound, NotOfThisPair and the refusals of `core.sessions`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from services.scheduling import core, store
from services.scheduling.commands import phrases
from services.scheduling.core.ids import MatchId, PersonId, SessionId
from shared.tx import Connection, Tx

Reason = Literal["participant", "organiser", "match-ended", "away"]


class Offers(NamedTuple):
    """A session, the slots it can be moved to, and the calendars of both people."""

    session: core.sessions.Session
    slots: list[core.slots.Interval]
    mentee: core.slots.Calendar
    mentor: core.slots.Calendar


async def complete(
    tx: Tx, session_id: SessionId, sequence: int, *, by: PersonId | None
) -> core.sessions.Session:
    """It happened."""
    agreement, session = await _locked(tx, session_id, by)
    done = core.sessions.completed(session, sequence, by=by, now=tx.now)
    if done is not session:
        await _close(tx, agreement, done)
        tx.emit(phrases.completed(done, tx.now))
    return done


async def miss(tx: Tx, session_id: SessionId, sequence: int, *, by: PersonId | None) -> core.sessions.Session:
    """It did not happen."""
    agreement, session = await _locked(tx, session_id, by)
    gone = core.sessions.missed(session, sequence, by=by, now=tx.now)
    if gone is not session:
        await _close(tx, agreement, gone)
        tx.emit(phrases.missed(gone, tx.now))
    return gone


async def miss_unanswered(tx: Tx, session_id: SessionId) -> None:
    """Nobody said whether it happened, and the time to say so is over; somebody may just have been faster."""
    agreement, session = await _locked(tx, session_id, None)
    if session.state == "scheduled" and session.ends_at + core.sessions.ANSWER_WITHIN <= tx.now:
        gone = core.sessions.missed(session, session.sequence, by=None, now=tx.now)
        await _close(tx, agreement, gone)
        tx.emit(phrases.missed(gone, tx.now))


async def cancel(
    tx: Tx, session_id: SessionId, sequence: int, *, by: PersonId | None, reason: Reason
) -> core.sessions.Session:
    """It will not happen; both get their time back."""
    agreement, session = await _locked(tx, session_id, by)
    gone = core.sessions.cancelled(session, sequence, by=by, now=tx.now)
    if gone is not session:
        await store.sessions.free_time(tx.conn, session_id)
        await _close(tx, agreement, gone)
        tx.emit(phrases.cancelled(gone, reason, tx.now))
    return gone


async def call_off(tx: Tx, match_id: MatchId, within: core.slots.Interval, reason: Reason) -> None:
    """Cancels what the pair has ahead of it and in `within`; a pair that goes on waits for the next session.

    What has begun stays open, so that it can still be said whether it happened.
    """
    agreement = await store.agreements.lock(tx.conn, match_id)
    for session in await store.sessions.of_match(tx.conn, match_id):
        ahead = session.state == "scheduled" and session.starts_at > tx.now
        if ahead and core.absences.is_inside(session.slot, within):
            gone = core.sessions.called_off(session, now=tx.now)
            await store.sessions.free_time(tx.conn, session.session_id)
            await _close(tx, agreement, gone)
            tx.emit(phrases.cancelled(gone, reason, tx.now))


async def move(
    tx: Tx, session_id: SessionId, sequence: int, starts_at: datetime, *, by: PersonId | None
) -> core.sessions.Session:
    """The same session at another time at which both can meet, a day ahead or more."""
    agreement, session = await _locked(tx, session_id, by)
    to = core.slots.Interval(starts_at, starts_at + (session.ends_at - session.starts_at))
    wall = core.slots.wall(starts_at, ZoneInfo(session.zone))
    moved = core.sessions.moved(session, sequence, to, wall, now=tx.now)
    if moved is session:
        return session
    mentee, mentor = await _calendars(tx.conn, session, tx.now)
    free = core.booking.can_meet(to, mentee, mentor, now=tx.now, ends_on=agreement.ends_on)
    await store.sessions.free_time(tx.conn, session_id)
    if not free or not await store.sessions.take_time(tx.conn, moved):
        raise core.sessions.SlotTaken("This time is no longer free for both of you. Please choose another.")
    await store.sessions.save(tx.conn, moved)
    tx.emit(phrases.moved(moved, session, by, tx.now))
    return moved


async def offers(conn: Connection, session_id: SessionId, now: datetime) -> Offers:
    """What the session can be moved to; nothing once it has begun or is over. Reads only."""
    session = await store.sessions.get(conn, session_id)
    agreement = await store.agreements.get(conn, session.match_id)
    mentee, mentor = await _calendars(conn, session, now)
    slots = []
    if session.state == "scheduled" and now < session.starts_at:
        slots = core.booking.offers(session.slot, mentee, mentor, now=now, ends_on=agreement.ends_on)
    return Offers(session, slots, mentee, mentor)


async def _locked(
    tx: Tx, session_id: SessionId, by: PersonId | None
) -> tuple[core.agreements.Agreement, core.sessions.Session]:
    match_id = await store.sessions.get_match_id(tx.conn, session_id)
    agreement = await store.agreements.lock(tx.conn, match_id)
    if by is not None:
        agreement.role_of(by)
    return agreement, await store.sessions.get(tx.conn, session_id)


async def _calendars(
    conn: Connection, session: core.sessions.Session, now: datetime
) -> tuple[core.slots.Calendar, core.slots.Calendar]:
    found = await store.people.calendars(
        conn, [session.match_id], after=now, except_session=session.session_id
    )
    return found[session.match_id, session.mentee_id], found[session.match_id, session.mentor_id]


async def _close(tx: Tx, agreement: core.agreements.Agreement, session: core.sessions.Session) -> None:
    """Saves the end of a session; a pair that goes on then waits for the next one. A flash match has one."""
    await store.sessions.save(tx.conn, session)
    if agreement.state == "confirmed" and agreement.talk_at is None:
        due = core.booking.next_due(session.due_wall, session.starts_wall, agreement.terms.cadence)
        if due.date() <= agreement.ends_on:
            await store.bookings.wait(tx.conn, session.match_id, core.booking.next_round(tx.now), due)

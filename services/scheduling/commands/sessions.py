"""What can be done with a session, whoever asks: a page, a program or the clock.

`by` is who acts, None where it is no person of the pair; `sequence` is the one that was seen. All raise
NotFound, NotOfThisPair and the refusals of `core.sessions`.

The pairs of a circle have a session each in one meeting. It is moved as a whole. Whether it takes place, the
mentor says for the sessions of all, everybody else for the one that is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
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


class _Held(NamedTuple):
    """A session, the agreements of its circle (of a pair its own), and all open sessions of its meeting: of a
    pair this one, if it is open. All are locked."""

    session: core.sessions.Session
    circle: Mapping[MatchId, core.agreements.Agreement]
    open: Sequence[core.sessions.Session]


async def complete(
    tx: Tx, session_id: SessionId, sequence: int, *, by: PersonId | None
) -> core.sessions.Session:
    """It happened."""
    held = await _locked(tx, session_id, by)
    named, changed = _ended(held, sequence, by, partial(core.sessions.completed, by=by, now=tx.now))
    for done in changed:
        await _close(tx, held.circle, done)
        tx.emit(phrases.completed(done, tx.now))
    return named


async def miss(tx: Tx, session_id: SessionId, sequence: int, *, by: PersonId | None) -> core.sessions.Session:
    """It did not happen."""
    held = await _locked(tx, session_id, by)
    named, changed = _ended(held, sequence, by, partial(core.sessions.missed, by=by, now=tx.now))
    for gone in changed:
        await _close(tx, held.circle, gone)
        tx.emit(phrases.missed(gone, tx.now))
    return named


async def miss_unanswered(tx: Tx, session_id: SessionId) -> None:
    """Nobody said whether it happened, and the time to say so is over; somebody may just have been faster."""
    held = await _locked(tx, session_id, None)
    session = held.session
    if session.state == "scheduled" and session.ends_at + core.sessions.ANSWER_WITHIN <= tx.now:
        gone = core.sessions.missed(session, session.sequence, by=None, now=tx.now)
        await _close(tx, held.circle, gone)
        tx.emit(phrases.missed(gone, tx.now))


async def cancel(
    tx: Tx, session_id: SessionId, sequence: int, *, by: PersonId | None, reason: Reason
) -> core.sessions.Session:
    """It will not happen; who no longer meets gets the time back."""
    held = await _locked(tx, session_id, by)
    named, changed = _ended(held, sequence, by, partial(core.sessions.cancelled, by=by, now=tx.now))
    await _cancel(tx, held, changed, reason)
    return named


async def call_off(tx: Tx, match_id: MatchId, within: core.slots.Interval, reason: Reason) -> None:
    """Cancels what the pair has ahead of it and in `within`; a pair that goes on waits for the next session.

    What has begun stays open, so that it can still be said whether it happened.
    """
    circle = await store.agreements.lock_circle(tx.conn, match_id)
    for session in await store.sessions.of_match(tx.conn, match_id):
        ahead = session.state == "scheduled" and session.starts_at > tx.now
        if ahead and core.absences.is_inside(session.slot, within):
            held = _Held(session, circle, await _open(tx.conn, session))
            await _cancel(tx, held, [core.sessions.called_off(session, now=tx.now)], reason)


async def move(
    tx: Tx, session_id: SessionId, sequence: int, starts_at: datetime, *, by: PersonId | None
) -> core.sessions.Session:
    """The same session, with all of its meeting, at another time at which all can, a day ahead or more."""
    held = await _locked(tx, session_id, by)
    session = held.session
    to = core.slots.Interval(starts_at, starts_at + (session.ends_at - session.starts_at))
    moved = _moved(session, sequence, to, now=tx.now)
    if moved is session:
        return session
    calendars, ends_on = await _room(tx.conn, held.open, tx.now)
    free = core.booking.can_meet(to, calendars, now=tx.now, ends_on=ends_on)
    people = [*(one.mentee_id for one in held.open), session.mentor_id]
    await store.sessions.free_time(tx.conn, session.time_id, people)
    if not free or not await store.sessions.take_time(tx.conn, session.time_id, people, to):
        who = "both" if session.meeting_id is None else "all"
        raise core.sessions.SlotTaken(f"This time is no longer free for {who} of you. Please choose another.")
    for before in held.open:
        after = _moved(before, before.sequence, to, now=tx.now)
        await store.sessions.save(tx.conn, after)
        tx.emit(phrases.moved(after, before, by, tx.now))
    return moved


async def offers(conn: Connection, session_id: SessionId, now: datetime) -> Offers:
    """What the session can be moved to; nothing once it has begun or is over. Reads only."""
    session = await store.sessions.get(conn, session_id)
    meeting = await _open(conn, session) or [session]
    calendars, ends_on = await _room(conn, meeting, now)
    slots = []
    if session.state == "scheduled" and now < session.starts_at:
        slots = core.booking.offers(session.slot, calendars, now=now, ends_on=ends_on)
    place = next(n for n, one in enumerate(meeting) if one.session_id == session_id)
    return Offers(session, slots, calendars[place], calendars[-1])


async def _locked(tx: Tx, session_id: SessionId, by: PersonId | None) -> _Held:
    match_id = await store.sessions.get_match_id(tx.conn, session_id)
    circle = await store.agreements.lock_circle(tx.conn, match_id)
    if by is not None:
        circle[match_id].role_of(by)
    session = await store.sessions.get(tx.conn, session_id)
    return _Held(session, circle, await _open(tx.conn, session))


async def _open(conn: Connection, session: core.sessions.Session) -> list[core.sessions.Session]:
    """The open sessions of the meeting that a session belongs to."""
    if session.meeting_id is not None:
        return await store.sessions.open_of_meeting(conn, session.meeting_id)
    return [session] if session.state == "scheduled" else []


async def _room(
    conn: Connection, meeting: Sequence[core.sessions.Session], now: datetime
) -> tuple[list[core.slots.Calendar], date]:
    """The calendars of all who meet, those of the mentees first, but for this meeting; and its last day."""
    first, match_ids = meeting[0], [one.match_id for one in meeting]
    found = await store.people.calendars(conn, match_ids, after=now, except_time=first.time_id)
    mentees = [found[one.match_id, one.mentee_id] for one in meeting]
    last_day = await store.agreements.last_day(conn, match_ids)
    return [*mentees, found[first.match_id, first.mentor_id]], last_day


def _ended(
    held: _Held,
    sequence: int,
    by: PersonId | None,
    end: Callable[[core.sessions.Session, int], core.sessions.Session],
) -> tuple[core.sessions.Session, list[core.sessions.Session]]:
    """The session after what was said of it, and all that this changes: the mentor speaks for all."""
    session = held.session
    named = end(session, sequence)
    others = [one for one in held.open if one.session_id != session.session_id and by == one.mentor_id]
    return named, [*([named] if named is not session else []), *(end(one, one.sequence) for one in others)]


def _moved(
    session: core.sessions.Session, sequence: int, to: core.slots.Interval, *, now: datetime
) -> core.sessions.Session:
    wall = core.slots.wall(to.start, ZoneInfo(session.zone))
    return core.sessions.moved(session, sequence, to, wall, now=now)


async def _cancel(tx: Tx, held: _Held, gone: Sequence[core.sessions.Session], reason: Reason) -> None:
    """Saves cancellations. The mentor is free once nothing of the meeting is left."""
    people = [one.mentee_id for one in gone]
    if len(gone) == len(held.open):
        people.append(held.session.mentor_id)
    await store.sessions.free_time(tx.conn, held.session.time_id, people)
    for one in gone:
        await _close(tx, held.circle, one)
        tx.emit(phrases.cancelled(one, reason, tx.now))


async def _close(
    tx: Tx, circle: Mapping[MatchId, core.agreements.Agreement], session: core.sessions.Session
) -> None:
    """Saves the end of a session; a pair that goes on then waits for the next one, by the circle's rhythm.
    A flash match has one."""
    await store.sessions.save(tx.conn, session)
    agreement, again = circle[session.match_id], core.booking.next_round(tx.now)
    if agreement.state == "confirmed" and agreement.talk_at is None:
        cadence = core.circles.rarest(
            one.terms.cadence for one in circle.values() if one.state == "confirmed"
        )
        due = core.booking.next_due(session.due_wall, session.starts_wall, cadence)
        if due.date() <= agreement.ends_on:
            await store.bookings.wait(tx.conn, session.match_id, again, due)
    if agreement.group_id is not None:
        await store.bookings.hurry_circle(tx.conn, agreement.group_id, again)

"""How a pair begins, agrees and ends."""

from __future__ import annotations

from datetime import datetime

from services.scheduling import core, store
from services.scheduling.commands import phrases, sessions
from services.scheduling.core.ids import MatchId, PersonId
from shared.errors import Early
from shared.tx import Tx


async def open_draft(tx: Tx, draft: core.agreements.Agreement) -> bool:
    """The agreement of a new pair, with what holds to begin with; False for a pair that has one. Raises
    Early."""
    unknown = await store.people.find_unknown(tx.conn, draft.programme_id, draft.mentee_id, draft.mentor_id)
    if unknown is not None:
        raise Early(unknown)
    return await store.agreements.add(tx.conn, draft)


async def open_talk(tx: Tx, draft: core.agreements.Agreement, talk_at: datetime) -> None:
    """The agreement of a flash match, whose one session is booked at once. Raises Early."""
    if await open_draft(tx, core.agreements.for_a_talk(draft, talk_at)):
        await store.bookings.wait(tx.conn, draft.match_id, tx.now, None)


async def confirm(
    tx: Tx, match_id: MatchId, person_id: PersonId, terms: core.agreements.Terms, *, seen_version: int
) -> core.agreements.Agreement:
    """One side's word. Once both gave it for the same terms the pair waits for its first session.

    Raises NotFound and the refusals of `core.agreements.confirm`.
    """
    before = await store.agreements.lock(tx.conn, match_id)
    after = core.agreements.confirm(before, person_id, terms, seen_version=seen_version, now=tx.now)
    if after == before:
        return after
    await store.agreements.save(tx.conn, after)
    if after.state == "confirmed":
        await store.bookings.wait(tx.conn, match_id, core.booking.next_round(tx.now), None)
        tx.emit(phrases.agreed(after, tx.now))
    elif core.agreements.must_look_again(before, after, person_id):
        tx.emit(phrases.terms_changed(after, person_id, tx.now))
    return after


async def close(tx: Tx, match_id: MatchId, reason: str) -> None:
    """The match has ended: nothing more is booked, what lies ahead is cancelled. Twice is once.

    Sessions that have begun stay open, so that it can still be said whether they happened. Raises NotFound.
    """
    agreement = await store.agreements.lock(tx.conn, match_id)
    if agreement.state == "closed":
        return
    await store.agreements.save(tx.conn, core.agreements.closed(agreement, reason, tx.now))
    await store.bookings.drop(tx.conn, match_id)
    if agreement.group_id is not None:
        await store.bookings.hurry_circle(tx.conn, agreement.group_id, core.booking.next_round(tx.now))
    await sessions.call_off(tx, match_id, core.slots.Interval(tx.now, core.absences.OPEN_END), "match-ended")

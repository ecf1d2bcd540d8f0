"""What somebody's absence means for their pairs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from services.scheduling import core, store
from services.scheduling.commands import sessions
from services.scheduling.core.ids import Part, ProgrammeId
from shared.errors import Early, NotFound
from shared.tx import Tx


async def go_away(
    tx: Tx, absence: core.absences.Absence, programme_id: ProgrammeId, role: Part, *, calls_off: bool
) -> None:
    """Nothing more is booked inside the absence; with `calls_off` what was booked inside it is cancelled.

    Raises Early where the person's zone is not known yet. Older news than what is known changes nothing.
    """
    try:
        person = await store.people.get_person(tx.conn, absence.person_id)
    except NotFound as error:
        raise Early(f"person {absence.person_id}") from error
    if not await store.absences.save(tx.conn, absence):
        return
    zone = ZoneInfo(person.time_zone)
    absent = core.absences.span(absence.state, absence.since, absence.until, zone)
    if absent is not None and calls_off:
        for match_id in await store.agreements.open_of(tx.conn, absence.person_id, programme_id, role):
            await sessions.call_off(tx, match_id, absent, "away")
    await store.bookings.hurry(tx.conn, absence.person_id, core.booking.next_round(tx.now))


async def come_back(tx: Tx, absence: core.absences.Absence) -> None:
    """The pairs that waited for this person are served again."""
    if await store.absences.save(tx.conn, absence):
        await store.bookings.hurry(tx.conn, absence.person_id, core.booking.next_round(tx.now))


async def leave(tx: Tx, absence: core.absences.Absence, programme_id: ProgrammeId, role: Part) -> None:
    """The participation is over: what lies ahead of its pairs is cancelled, as by the end of the match, which
    is said of its own and may be heard before or after."""
    if not await store.absences.save(tx.conn, absence):
        return
    ahead = core.slots.Interval(tx.now, core.absences.OPEN_END)
    for match_id in await store.agreements.open_of(tx.conn, absence.person_id, programme_id, role):
        await sessions.call_off(tx, match_id, ahead, "match-ended")

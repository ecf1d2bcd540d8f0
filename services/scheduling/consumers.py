"""What scheduling hears, and what it does about it."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from services.scheduling import commands, core, store
from shared.errors import Early, NotFound
from shared.events import Event, MatchEnded, MatchMade, ParticipantJoined, PersonChanged, ProgrammeChanged
from shared.service import Handler
from shared.tx import Tx


async def on_person_changed(event: PersonChanged, tx: Tx) -> None:
    """Keeps the card. Sessions keep their instant when the zone changes."""
    person = core.people.Person(
        person_id=event.person_id,
        version=event.version,
        employee_number=event.employee_number,
        given_name=event.given_name,
        family_name=event.family_name,
        time_zone=ZoneInfo(event.time_zone).key,
    )
    await store.people.save_person(tx.conn, person)
    await store.bookings.hurry(tx.conn, event.person_id, core.booking.next_round(tx.now))


async def on_programme_changed(event: ProgrammeChanged, tx: Tx) -> None:
    await store.people.save_programme(tx.conn, event.programme_id, event.version, event.name)


async def on_participant_joined(event: ParticipantJoined, tx: Tx) -> None:
    """Keeps the hours, and tries again for pairs that had no time in common."""
    await store.people.save_participation(
        tx.conn,
        event.participation_id,
        event.version,
        person_id=event.person_id,
        programme_id=event.programme_id,
        role=event.role,
        hours=core.people.weekly(event.hours),
        joined_at=event.at,
    )
    await store.bookings.hurry(tx.conn, event.person_id, core.booking.next_round(tx.now))


async def on_match_made(event: MatchMade, tx: Tx) -> None:
    unknown = await store.people.find_unknown(tx.conn, event.programme_id, event.mentee_id, event.mentor_id)
    if unknown is not None:
        raise Early(unknown)
    await commands.agreements.open_draft(tx, event)


async def on_match_ended(event: MatchEnded, tx: Tx) -> None:
    try:
        await commands.agreements.close(tx, event.match_id, event.reason)
    except NotFound as error:
        raise Early(f"match {event.match_id}") from error


CONSUMERS: Mapping[type[Event], Handler] = {
    PersonChanged: on_person_changed,
    ProgrammeChanged: on_programme_changed,
    ParticipantJoined: on_participant_joined,
    MatchMade: on_match_made,
    MatchEnded: on_match_ended,
}

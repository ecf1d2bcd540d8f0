"""What scheduling hears, and what it does about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

from services.scheduling import commands, core, store
from services.scheduling.core.ids import GroupId, MatchId, Part, ParticipationId, PersonId, ProgrammeId
from shared import events, privacy
from shared.errors import Early, NotFound
from shared.service import Card, Handler
from shared.tx import Tx

Participates: TypeAlias = (
    events.ParticipantJoined | events.ParticipantPaused | events.ParticipantResumed | events.ParticipantLeft
)


async def on_person_changed(event: events.PersonChanged, tx: Tx) -> None:
    """Keeps the card; sessions keep their instant. A zone nobody knows is a ZoneInfoNotFoundError."""
    person = core.people.Person(
        person_id=PersonId(event.person_id),
        version=event.version,
        employee_number=event.employee_number,
        given_name=event.given_name,
        family_name=event.family_name,
        time_zone=ZoneInfo(event.time_zone).key,
        status=event.status,
    )
    await store.people.save_person(tx.conn, person)
    await store.bookings.hurry(tx.conn, person.person_id, core.booking.next_round(tx.now))


async def on_programme_changed(event: events.ProgrammeChanged, tx: Tx) -> None:
    await store.people.save_programme(tx.conn, ProgrammeId(event.programme_id), event.version, event.name)


async def on_participant_joined(event: events.ParticipantJoined, tx: Tx) -> None:
    """Keeps the hours, and tries again for pairs that had no time in common."""
    await store.people.save_participation(
        tx.conn,
        ParticipationId(event.participation_id),
        event.version,
        person_id=PersonId(event.person_id),
        programme_id=ProgrammeId(event.programme_id),
        role=_part(event),
        hours=core.people.weekly((one.weekday, one.starts, one.ends) for one in event.hours),
        joined_at=event.at,
    )
    await store.bookings.hurry(tx.conn, PersonId(event.person_id), core.booking.next_round(tx.now))


async def on_match_made(event: events.MatchMade, tx: Tx) -> None:
    """Opens the agreement. Early while a card, the programme or somebody's hours are not known.

    Of a pair with somebody who was erased only the end can follow: nothing is opened.
    """
    if await privacy.erased(tx.conn, [event.mentee_id, event.mentor_id]):
        return
    focus = core.agreements.FOCUS_TO_BEGIN_WITH
    draft = core.agreements.Agreement(
        match_id=MatchId(event.match_id),
        programme_id=ProgrammeId(event.programme_id),
        mentee_id=PersonId(event.mentee_id),
        mentor_id=PersonId(event.mentor_id),
        made_at=event.at,
        ends_on=event.ends_on,
        session_minutes=event.session_minutes,
        terms=core.agreements.Terms(event.hours_per_month, event.cadence, focus),
        group_id=None if event.group_id is None else GroupId(event.group_id),
    )
    if event.talk_at is None:
        await commands.agreements.open_draft(tx, draft)
    else:
        await commands.agreements.open_talk(tx, draft, event.talk_at)


async def on_match_ended(event: events.MatchEnded, tx: Tx) -> None:
    try:
        await commands.agreements.close(tx, MatchId(event.match_id), event.reason)
    except NotFound as error:
        if not await privacy.erased(tx.conn, [event.mentee_id, event.mentor_id]):
            raise Early(f"match {event.match_id}") from error


async def on_person_erased(event: events.PersonErased, tx: Tx) -> None:
    """Ends what is open, deletes what there is and gives the receipt."""
    person_id = PersonId(event.person_id)
    for match_id in await store.agreements.all_open_of(tx.conn, person_id):
        await commands.agreements.close(tx, match_id, "erased")
    names = await store.people.names(tx.conn, person_id)
    await privacy.forget_and_say(tx, privacy.Traces(person_id, names=names), store.privacy.ERASED)


async def on_participant_paused(event: events.ParticipantPaused, tx: Tx) -> None:
    """Away: what lies inside is cancelled. Whoever may be gone, nobody knows for how long, keeps what is
    planned; a "not now" only means that nobody new is looked for."""
    if event.reason == "not-now":
        return
    await commands.absences.go_away(
        tx,
        _absence(event, "away", event.until),
        ProgrammeId(event.programme_id),
        _part(event),
        calls_off=event.until is not None or event.reason == "leave",
    )


async def on_participant_resumed(event: events.ParticipantResumed, tx: Tx) -> None:
    await commands.absences.come_back(tx, _absence(event, "back"))


async def on_participant_left(event: events.ParticipantLeft, tx: Tx) -> None:
    await commands.absences.leave(tx, _absence(event, "left"), ProgrammeId(event.programme_id), _part(event))


def _part(event: Participates) -> Part:
    return "peer" if event.peer else event.role


def _absence(
    event: Participates, state: core.absences.State, until: date | None = None
) -> core.absences.Absence:
    return core.absences.Absence(
        ParticipationId(event.participation_id),
        PersonId(event.person_id),
        event.version,
        state,
        since=event.at,
        until=until,
    )


CONSUMERS: Mapping[type[events.Event], Handler] = MappingProxyType(
    {
        events.PersonChanged: on_person_changed,
        events.ProgrammeChanged: on_programme_changed,
        events.ParticipantJoined: on_participant_joined,
        events.ParticipantPaused: on_participant_paused,
        events.ParticipantResumed: on_participant_resumed,
        events.ParticipantLeft: on_participant_left,
        events.MatchMade: on_match_made,
        events.MatchEnded: on_match_ended,
        events.PersonErased: on_person_erased,
    }
)
CARDS = (
    Card(events.PersonChanged, "person", ("person_id",)),
    Card(events.ProgrammeChanged, "programme", ("programme_id",)),
)
"""Tables that can be rebuilt from their compacted topics."""

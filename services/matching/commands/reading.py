"""What is in the tables about one programme, as values.

Who was read before is not read again: rows whose version is still the same are taken from what is known. So a
programme of thousands in which one person joined costs one row, and a few small queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from services.matching import core, engine, store, taxonomy
from services.matching.core.ids import ParticipationId, PersonId, RunId
from services.matching.core.participations import Participation
from services.matching.core.people import Person
from services.matching.core.pool import Pool
from services.matching.core.programmes import Programme
from shared.tx import Connection

Apart: TypeAlias = tuple[PersonId, PersonId, datetime | None]


async def pool_of(
    conn: Connection,
    programme_id: UUID,
    *,
    now: datetime,
    besides: RunId | None = None,
    standing: RunId | None = None,
    known: Pool | None = None,
) -> tuple[Pool, Mapping[PersonId, datetime]]:
    """What the engine needs to know about a programme; and when who is free to meet somebody again with whom
    they are kept apart now.

    The pairs of the run `besides` count as not made, those of `standing` as found and not published. `known`
    was read of the same programme before. Raises NotFound.
    """
    programme = await store.programmes.get(conn, programme_id)
    participations = await _participations(conn, programme_id, known)
    ids = sorted({one.person_id for one in participations})
    people = await _people(conn, programme_id, ids, known)
    apart = _here(people, await store.matches.apart(conn, programme_id, now, besides=besides))
    pool = Pool(
        programme=programme,
        participations=participations,
        people=people,
        open_pairs=await store.matches.open_in(conn, programme.id, besides=besides),
        apart=[(mentee, mentor) for mentee, mentor, _ in apart],
        ratings=await store.matches.ratings_about(conn, programme_id),
        managers=await store.people.managers(conn),
        topics={code: engine.Topic(skill.name, skill.family) for code, skill in taxonomy.skills().items()},
        zones={person.card.time_zone: ZoneInfo(person.card.time_zone) for person in people.values()},
        now=now,
        favourites=await store.wishes.favourites(conn, programme.id),
        learned=core.lessons.learned(await store.lessons.of_programme(conn, programme.id), now=now),
        groups=await store.ledger.groups(conn, programme.id),
        waited=await _waited(conn, programme, now=now, besides=besides),
        given=await _given(conn, besides),
        standing=await _standing(conn, programme, standing),
        talks_taken=await _talks_taken(conn, programme, besides),
    )
    return pool, _freed_at(apart)


def _here(people: Mapping[PersonId, Person], apart: Sequence[Apart]) -> list[Apart]:
    """Without whoever left the programme: they may be kept from somebody who is still there."""
    return [one for one in apart if one[0] in people and one[1] in people]


def _freed_at(apart: Sequence[Apart]) -> dict[PersonId, datetime]:
    found: dict[PersonId, datetime] = {}
    for mentee, _, until in apart:
        if until is not None:
            found[mentee] = min(until, found.get(mentee, until))
    return found


async def _participations(conn: Connection, programme_id: UUID, known: Pool | None) -> list[Participation]:
    if known is None:
        return await store.participations.of_programme(conn, programme_id)
    before = {one.id: one for one in known.participations}
    versions = await store.participations.versions(conn, programme_id)
    changed = [one for one in versions if one not in before or before[one].version != versions[one]]
    news = await store.participations.by_ids(conn, changed) if changed else {}
    return [news.get(one) or before[one] for one in versions]


async def _people(
    conn: Connection, programme_id: UUID, ids: Sequence[PersonId], known: Pool | None
) -> dict[PersonId, Person]:
    if known is None:
        return {person.id: person for person in await store.people.by_ids(conn, ids)}
    before = known.people
    versions = await store.people.versions(conn, programme_id)
    changed = [one for one in ids if one not in before or before[one].version != versions[one]]
    news = {one.id: one for one in await store.people.by_ids(conn, changed)} if changed else {}
    return {one: news.get(one) or before[one] for one in ids}


async def _waited(
    conn: Connection, programme: Programme, *, now: datetime, besides: RunId | None
) -> Mapping[ParticipationId, int]:
    """The rounds that mentees waited, where the programme makes up for them."""
    if programme.rules.ageing_bonus == 0:
        return {}
    return await store.ledger.waited(conn, programme.id, before=now, besides=besides)


async def _talks_taken(
    conn: Connection, programme: Programme, besides: RunId | None
) -> Mapping[ParticipationId, Sequence[datetime]]:
    if programme.rules.form != "flash":
        return {}
    return await store.talks.taken(conn, programme.id, besides=besides)


async def _standing(
    conn: Connection, programme: Programme, run_id: RunId | None
) -> list[tuple[ParticipationId, ParticipationId]]:
    """The pairs that are not to be changed lightly, where the programme says so."""
    if run_id is None or programme.rules.hysteresis == 0:
        return []
    found = await store.run_pairs.of_run(conn, run_id)
    return [(one.mentee_participation_id, one.mentor_participation_id) for one in found]


async def _given(conn: Connection, besides: RunId | None) -> Mapping[str, int]:
    """What the run that is looked at again gave its balanced groups, in weight units."""
    lines = [] if besides is None else await store.ledger.of_run(conn, besides)
    return {line.code: round(line.bonus * engine.WEIGHT_OF_ONE) for line in lines if line.bonus}

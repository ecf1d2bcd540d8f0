"""A matching round: asked for, begun, looked at or cancelled. What takes long is in `solving`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.matching import core, engine, store, taxonomy
from services.matching.commands import notes, programmes
from services.matching.core.ids import ParticipationId, PersonId, RunId
from services.matching.core.participations import Participation
from services.matching.core.pool import Pool
from services.matching.core.programmes import Programme
from services.matching.core.runs import Run
from shared import envelope
from shared.tx import Connection, Tx

ITS_TIME = "its time"


@dataclass(frozen=True)
class Look:
    """What a run looked at: the pool, when who is free to meet again whom they are kept apart from, and the
    edition of the tables, which differs when anything of it has changed."""

    pool: Pool
    freed_at: Mapping[PersonId, datetime]
    edition: str


async def ask(tx: Tx, programme: Programme, *, by: str) -> Run:
    """A run of a programme that is locked, to be solved as soon as a process is free.

    Where one waits already that one is returned: it has not looked at anything yet.
    """
    run = Run(RunId(envelope.new_id()), programme.id, tx.now, asked_by=by)
    await store.programmes.set_round(tx.conn, programme.id, None)
    if await store.runs.add(tx.conn, run):
        return run
    waiting = await store.runs.find_queued(tx.conn, programme.id)
    assert waiting is not None, "the programme is locked"
    return waiting


async def ask_when_due(tx: Tx, programme: Programme) -> None:
    """The round whose time has come. One that is under review waits for its administrator instead."""
    if await store.runs.in_review(tx.conn, programme.id):
        await store.programmes.set_round(tx.conn, programme.id, None)
    else:
        await ask(tx, programme, by=ITS_TIME)


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

    What changes from here on asks for the next round.
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
    await store.programmes.set_round(tx.conn, programme.id, None)
    return after


async def look(conn: Connection, run: Run) -> Look:
    """What the run is about, in one snapshot."""
    programme = await store.programmes.get(conn, run.programme_id)
    edition = await store.solving.edition(conn, programme.id)
    everybody = await store.participations.of_programme(conn, programme.id)
    pool, freed_at = await load(conn, programme, everybody, now=run.seen_at, standing=run.replaces)
    return Look(pool, freed_at, edition)


async def load(
    conn: Connection,
    programme: Programme,
    participations: Sequence[Participation],
    *,
    now: datetime,
    besides: RunId | None = None,
    standing: RunId | None = None,
) -> tuple[Pool, Mapping[PersonId, datetime]]:
    """What the engine needs to know about these participations; and when who is free to meet somebody again
    with whom they are kept apart now. The pairs of the run `besides` count as not made, those of
    `standing` as found and not published."""
    ids = sorted({one.person_id for one in participations})
    people = {person.id: person for person in await store.people.by_ids(conn, ids)}
    apart = await store.matches.apart(conn, ids, now, besides=besides)
    freed_at: dict[PersonId, datetime] = {}
    for mentee, _, until in apart:
        if until is not None:
            freed_at[mentee] = min(until, freed_at.get(mentee, until))
    pool = Pool(
        programme=programme,
        participations=participations,
        people=people,
        open_pairs=await store.matches.open_in(conn, programme.id, besides=besides),
        apart=[(mentee, mentor) for mentee, mentor, _ in apart],
        ratings=await store.matches.ratings_about(conn, ids),
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
    )
    return pool, freed_at


async def _waited(
    conn: Connection, programme: Programme, *, now: datetime, besides: RunId | None
) -> Mapping[ParticipationId, int]:
    """The rounds that mentees waited, where the programme makes up for them."""
    if programme.rules.ageing_bonus == 0:
        return {}
    return await store.ledger.waited(conn, programme.id, before=now, besides=besides)


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

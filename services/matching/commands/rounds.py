"""A matching round: asked for, looked at, published or cancelled. What takes long is in `solving`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.matching import core, engine, said, store, taxonomy
from services.matching.commands import circles, programmes
from services.matching.core.ids import MatchId, ParticipationId, PersonId, RunId
from services.matching.core.matches import Match
from services.matching.core.outcomes import Outcome
from services.matching.core.participations import Participation
from services.matching.core.pool import Pool
from services.matching.core.programmes import Programme
from services.matching.core.runs import Found, Left, Run
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


async def finish(tx: Tx, run: Run, seen: Look, outcome: Outcome, *, again: bool) -> bool:
    """Keeps and publishes what came of a run, if what it looked at still holds.

    If it does not: False where the caller may solve it `again`, else the pairs that are not possible any more
    are dropped. A run that was cancelled, or that another process has taken over, is left as it is.
    """
    programme = await store.programmes.lock(tx.conn, run.programme_id)
    held = await store.runs.get_locked(tx.conn, run.id)
    if held.state != "solving" or held.attempts != run.attempts:
        return True
    if programme.state != "open":
        closed = core.runs.cancelled(held, "The programme was closed.", now=tx.now)
        await store.runs.update(tx.conn, closed)
        return True
    await store.solving.publish_alone(tx.conn)
    await store.participations.lock_seats(tx.conn, programme.id)
    if await store.solving.edition(tx.conn, programme.id) != seen.edition:
        if again:
            return False
        now = await look(tx.conn, run)
        outcome = core.outcomes.still_possible(outcome, now.pool)
    await _replace(tx, programme)
    noted = core.outcomes.noted(held, outcome)
    edition = await store.solving.edition(tx.conn, programme.id)
    if programme.rules.review:
        await keep(tx, replace(noted, state="review", edition=edition, version=held.version + 1), outcome)
        return True
    await keep(tx, noted, outcome)
    await publish(tx, noted, outcome.pairs, outcome.left)
    await store.programmes.ask_for_round(tx.conn, run.programme_id, _next_round(tx, seen, outcome))
    return True


async def _replace(tx: Tx, programme: Programme) -> None:
    """What is under review is not published any more once there is something newer."""
    for older in await store.runs.in_review(tx.conn, programme.id):
        await store.runs.update(tx.conn, core.runs.cancelled(older, "Replaced by a newer run.", now=tx.now))


async def keep(tx: Tx, run: Run, outcome: Outcome) -> None:
    """Writes what came of a run that has nothing written yet."""
    await store.run_pairs.add(tx.conn, run.id, outcome.pairs)
    await store.runs.add_waiting(tx.conn, run.id, outcome.left)
    await store.runs.add_certificate(tx.conn, run.id, outcome.proven)
    await store.ledger.add(tx.conn, run.id, outcome.ledger)
    await store.runs.update(tx.conn, run)
    alarm = any(line.alarm for line in outcome.ledger)
    await store.ledger.set_alarm(tx.conn, run.id, alarm=alarm)


async def forget(tx: Tx, run: Run) -> None:
    """Takes back what `keep` wrote of a run under review, so that it can be written anew."""
    await store.run_pairs.remove(tx.conn, run.id)
    await store.runs.remove_waiting(tx.conn, run.id)
    await store.runs.remove_certificate(tx.conn, run.id)
    await store.ledger.remove(tx.conn, run.id)


async def publish(tx: Tx, run: Run, pairs: Sequence[Found], left: Sequence[Left]) -> Run:
    """Proposes the pairs to the people; the pool is locked and the pairs are possible."""
    groups = await circles.of_mentors(tx, run.programme_id, [one.mentor_participation_id for one in pairs])
    peer = run.proof == "halves"
    proposals = [
        replace(_proposal(tx, run, pair), group_id=groups.get(pair.mentor_participation_id), peer=peer)
        for pair in pairs
    ]
    added = await store.proposals.add(tx.conn, proposals)
    assert added == len(proposals), "the pool is locked and placed mentees are not in the market"
    published = replace(
        run, state="published", proposed=len(pairs), finished_at=tx.now, version=run.version + 1
    )
    await store.runs.update(tx.conn, published)
    for match in proposals:
        tx.emit(said.match_proposed(match))
    tx.emit(said.matching_run_finished(published, left, at=tx.now))
    return published


def _proposal(tx: Tx, run: Run, pair: Found) -> Match:
    return Match(
        id=MatchId(envelope.new_id()),
        programme_id=run.programme_id,
        run_id=run.id,
        mentee_participation_id=pair.mentee_participation_id,
        mentor_participation_id=pair.mentor_participation_id,
        mentee_id=pair.mentee_id,
        mentor_id=pair.mentor_id,
        state="proposed",
        weight=pair.weight,
        answer_by=core.matches.answer_by(tx.now),
        created_at=tx.now,
        explanation=pair.explanation,
    )


def _next_round(tx: Tx, seen: Look, outcome: Outcome) -> datetime | None:
    """When somebody who waits may meet again whom they were kept apart from, or is not left in peace any
    more, or as the programme looks again for those who wait; else a change has to ask."""
    programme, freed_at = seen.pool.programme, seen.freed_at
    if outcome.dropped:
        return core.programmes.round_after(programme, tx.now)
    mentees = [one.person_id for one in outcome.left if one.role != "mentor"]
    times = [freed_at[one] for one in mentees if one in freed_at]
    times += core.pool.pauses(seen.pool)
    freed = core.programmes.round_after(programme, min(times)) if times else None
    again = core.programmes.look_again_at(programme, tx.now) if mentees else None
    return min((at for at in (freed, again) if at is not None), default=None)

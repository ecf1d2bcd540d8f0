"""Holding a matching round."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.matching import core, engine, said, store, taxonomy
from services.matching.core.ids import MatchId, PersonId, RunId
from services.matching.core.matches import Match
from services.matching.core.participations import Participation
from services.matching.core.pool import Pool
from services.matching.core.programmes import Programme
from services.matching.core.runs import Left, Run
from shared import envelope
from shared.tx import Connection, Tx


async def hold(tx: Tx, programme: Programme) -> Run:
    """Proposes the best pairs of a programme that is locked, and notes who is left waiting and why."""
    participations = await store.participations.lock_pool(tx.conn, programme.id)
    pool, freed_at = await load(tx.conn, programme, participations, now=tx.now)
    market = core.pool.market(pool)
    solution = await asyncio.to_thread(engine.solve, market)
    run = Run(
        id=RunId(envelope.new_id()),
        programme_id=programme.id,
        mentees=len(market.mentees),
        mentors=len(market.mentors),
        feasible_pairs=solution.feasible_pairs,
        proposed=len(solution.pairs),
        value=solution.value,
        inputs_hash=solution.inputs_hash,
        created_at=tx.now,
        bound=solution.certificate.bound,
        blocking={f"{one.margin:.2f}": one.pairs for one in solution.blocking},
        solver=solution.solver,
    )
    left = core.pool.left_waiting(pool, solution)
    await store.runs.add(tx.conn, run)
    await store.runs.add_waiting(tx.conn, run.id, left)
    await store.runs.add_certificate(tx.conn, run.id, core.pool.proven(pool, market, solution.certificate))
    await _propose(tx, pool, run, solution.pairs)
    tx.emit(said.matching_run_finished(run, left))
    await store.programmes.set_round(tx.conn, programme.id, _next_round(pool, left, freed_at))
    return run


async def load(
    conn: Connection,
    programme: Programme,
    participations: Sequence[Participation],
    *,
    now: datetime,
    besides: RunId | None = None,
) -> tuple[Pool, Mapping[PersonId, datetime]]:
    """What the engine needs to know about these participations; and when who is free to meet somebody again
    with whom they are kept apart now. The pairs of the run `besides` count as not made."""
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
    )
    return pool, freed_at


async def _propose(tx: Tx, pool: Pool, run: Run, pairs: Sequence[engine.Pair]) -> None:
    mentees, mentors = pool.by_number("mentee"), pool.by_number("mentor")
    for pair in pairs:
        mentee, mentor = mentees[pair.mentee], mentors[pair.mentor]
        match = Match(
            id=MatchId(envelope.new_id()),
            programme_id=run.programme_id,
            run_id=run.id,
            mentee_participation_id=mentee.id,
            mentor_participation_id=mentor.id,
            mentee_id=mentee.person_id,
            mentor_id=mentor.person_id,
            state="proposed",
            weight=pair.weight,
            answer_by=core.matches.answer_by(tx.now),
            created_at=tx.now,
            explanation=core.pool.why(pair.reasons),
        )
        added = await store.matches.add(tx.conn, match)
        assert added, "the pool is locked and placed mentees are not in the market"
        tx.emit(said.match_proposed(match))


def _next_round(pool: Pool, left: Sequence[Left], freed_at: Mapping[PersonId, datetime]) -> datetime | None:
    """When somebody who waits may meet again whom they were kept apart from; else a change has to ask."""
    times = [freed_at[one.person_id] for one in left if one.role == "mentee" and one.person_id in freed_at]
    return core.programmes.round_after(pool.programme, min(times)) if times else None

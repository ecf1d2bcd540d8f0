"""What a run would have lost by another pair."""

from __future__ import annotations

import asyncio
from uuid import UUID

from services.matching import core, engine, store
from services.matching.commands import rounds
from services.matching.core.ids import PersonId
from services.matching.core.pool import Pool
from services.matching.core.runs import Run, WhyNot
from shared.errors import NotFound
from shared.tx import Connection


async def why_not(conn: Connection, run: Run, *, mentee_id: UUID, mentor_id: UUID) -> WhyNot:
    """One pair of a run looked at: made, forbidden, or with the proven cost of making it.

    The proof holds for what the run knew. Where answers or people have changed since, the rules of today are
    named and no cost. Raises NotFound for people who were not in the run.
    """
    programme = await store.programmes.get(conn, run.programme_id)
    everybody = await store.participations.of_programme(conn, programme.id)
    pool, _ = await rounds.load(conn, programme, everybody, now=run.seen_at, besides=run.id)
    market = core.pool.market(pool)
    mentee = _number(pool, mentee_id, {one.number for one in market.mentees}, "mentee")
    mentor = _number(pool, mentor_id, {one.number for one in market.mentors}, "mentor")
    looked_at = await asyncio.to_thread(engine.explain, market, mentee, mentor)
    proven = await store.runs.proven(conn, run.id, (mentee_id, mentor_id))
    made = await store.matches.of_run(conn, run.id)
    return core.runs.why_not(
        looked_at,
        proven=proven if looked_at.inputs_hash == run.inputs_hash else None,
        made=any((one.mentee_id, one.mentor_id) == (mentee_id, mentor_id) for one in made),
    )


def _number(pool: Pool, person_id: UUID, known: set[str], role: str) -> str:
    """The employee number of somebody in the market."""
    number = pool.number(PersonId(person_id)) if person_id in pool.people else None
    if number is None or number not in known:
        raise NotFound(f"{person_id} was no {role} of this run")
    return number

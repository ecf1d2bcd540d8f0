"""What a run means to its people: another pair, nobody at all, and whom to look for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from services.matching import core, store
from services.matching.commands.projection import Projections
from services.matching.core.ids import PersonId
from services.matching.core.pool import Pool
from services.matching.core.runs import Nobody, Run, WhyNot
from services.matching.engine import ladder, recruit
from shared.errors import NotFound
from shared.tx import Connection


async def why_not(
    conn: Connection, kept: Projections, run: Run, *, mentee_id: UUID, mentor_id: UUID
) -> WhyNot:
    """One pair of a run looked at: made, forbidden, or with the proven cost of making it.

    The proof holds for what the run knew. Where answers or people have changed since, the rules of today are
    named and no cost. Raises NotFound for people who were not in the run.
    """
    seen = await kept.of(conn, run.programme_id, now=run.seen_at, besides=run.id, standing=run.replaces)
    pool, market = seen.pool, seen.market
    mentee = _number(pool, mentee_id, {one.number for one in market.mentees}, "mentee")
    mentor = _number(pool, mentor_id, {one.number for one in market.mentors}, "mentor")
    looked_at = await seen.explain(mentee, mentor)
    proven = await store.runs.proven(conn, run.id, (mentee_id, mentor_id))
    return core.runs.why_not(
        replace(looked_at, reasons=core.pool.shown(pool, looked_at.reasons)),
        proven=proven if looked_at.inputs_hash == run.inputs_hash else None,
        proof=run.proof,
        made=await store.proposals.came_of(conn, run.id, mentee_id=mentee_id, mentor_id=mentor_id),
    )


async def why_nobody(conn: Connection, kept: Projections, run: Run, person_id: UUID) -> list[Nobody]:
    """Why a run found nobody for somebody, in each role it left waiting, and what would help.

    The ladder is that of today's rules and answers. Raises NotFound for people the run did not leave waiting.
    """
    left = await store.runs.left_waiting(conn, run.id, person_id)
    if not left:
        raise NotFound(f"{person_id} was not left waiting by this run")
    seen = await kept.of(conn, run.programme_id, now=run.seen_at, besides=run.id, standing=run.replaces)
    pool, market = seen.pool, seen.market
    sides = {"mentee": market.mentees, "mentor": market.mentors}
    found = []
    for one in left:
        number = pool.number(one.person_id)
        way = None
        if one.role != "peer" and any(person.number == number for person in sides[one.role]):
            way = await asyncio.to_thread(ladder.ladder, market, number, one.role)
        found.append(Nobody(one, way))
    return found


async def where_to_recruit(conn: Connection, kept: Projections, run: Run) -> tuple[recruit.Scarce, ...]:
    """What one more seat would have been worth to the run, by skill, site and language."""
    seen = await kept.of(conn, run.programme_id, now=run.seen_at, besides=run.id, standing=run.replaces)
    pool, market = seen.pool, seen.market
    prices = await store.runs.prices(conn, run.id)
    waiting = await store.runs.waiting_mentees(conn, run.id)
    numbers = {pool.number(one) for one in waiting if one in pool.people}
    named = {pool.number(one): price for one, price in prices.items() if one in pool.people}
    return await asyncio.to_thread(recruit.where, market, named, numbers)


def _number(pool: Pool, person_id: UUID, known: set[str], role: str) -> str:
    """The employee number of somebody in the market."""
    number = pool.number(PersonId(person_id)) if person_id in pool.people else None
    if number is None or number not in known:
        raise NotFound(f"{person_id} was no {role} of this run")
    return number

"""A run under review: what a decision would cost, making it, and publishing what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.matching import core, engine, store
from services.matching.commands import programmes, projection, publishing
from services.matching.commands.matches import RulesForbid
from services.matching.commands.projection import Projection, Projections
from services.matching.core.ids import ParticipationId, PersonId, Role
from services.matching.core.matches import Block
from services.matching.core.outcomes import Outcome
from services.matching.core.pool import Pool
from services.matching.core.reviewing import Decision, Difference, Kind
from services.matching.core.runs import Found, Run
from shared.tx import Connection, Tx

FIXING = frozenset({"approve", "pin", "swap"})
AS_A_WHOLE = {"circle": "Circles", "flash": "The talks of a day"}
"""Forms in which no pair can be fixed by itself."""


@dataclass(frozen=True)
class Wish:
    """What an administrator asks for, by people."""

    kind: Kind
    by: str
    reason: str
    mentee_id: UUID | None = None
    mentor_id: UUID | None = None
    other_mentee_id: UUID | None = None


async def preview(
    conn: Connection, kept: Projections, run: Run, wish: Wish, *, now: datetime
) -> tuple[Difference, bool]:
    """What the decision would do, and whether the pool has changed since the run looked at it.

    Raises NotInReview, WrongDecision or RulesForbid.
    """
    _, _, difference, seen = await _decide(conn, kept, run, wish, now=now, keep=True)
    return difference, seen.edition != run.edition


async def decide(tx: Tx, kept: Projections, run: Run, wish: Wish) -> tuple[Run, Decision]:
    """Makes the decision on a run whose row is locked, and finds the best pairs again. Raises as
    `preview`."""
    decision, outcome, difference, _ = await _decide(tx.conn, kept, run, wish, now=tx.now, keep=False)
    made = replace(decision, cost=difference.cost)
    await store.decisions.add(tx.conn, made)
    if wish.kind == "exclude-pair" and wish.mentee_id is not None and wish.mentor_id is not None:
        apart = Block(PersonId(wish.mentee_id), PersonId(wish.mentor_id), "excluded", None)
        await store.matches.block(tx.conn, apart)
    edition = await store.solving.edition(tx.conn, run.programme_id)
    after = replace(core.outcomes.noted(run, outcome), version=run.version + 1, edition=edition)
    # The hash stays that of the market the run looked at, without what was decided.
    after = replace(after, inputs_hash=run.inputs_hash)
    await publishing.keep(tx, after, outcome)
    return after, made


async def publish(tx: Tx, run_id: UUID) -> Run:
    """Proposes what a run under review has found; pairs that are not possible any more are dropped.

    Raises NotFound or NotInReview.
    """
    programme_id = (await store.runs.get(tx.conn, run_id)).programme_id
    programme = await store.programmes.lock(tx.conn, programme_id)
    programmes.refuse_closed(programme)
    run = await store.runs.get_locked(tx.conn, run_id)
    _refuse_unless_in_review(run)
    await store.solving.publish_alone(tx.conn)
    await store.participations.lock_seats(tx.conn, programme_id)
    pairs = await store.run_pairs.of_run(tx.conn, run.id)
    if await store.solving.edition(tx.conn, programme_id) != run.edition:
        now = await projection.look(tx.conn, replace(run, looked_at=tx.now))
        still = await asyncio.to_thread(core.outcomes.possible, pairs, now.pool, now.market)
        run = replace(run, dropped=len(pairs) - len(still), value=sum(one.weight for one in still))
        pairs = list(still)
        await programmes.pool_changed(tx, programme_id)
    left = await store.run_pairs.everybody_left(tx.conn, run.id)
    return await publishing.publish(tx, run, pairs, left)


async def _decide(
    conn: Connection, kept: Projections, run: Run, wish: Wish, *, now: datetime, keep: bool
) -> tuple[Decision, Outcome, Difference, Projection]:
    _refuse_unless_in_review(run)
    seen = await kept.of(conn, run.programme_id, now=run.seen_at, standing=run.replaces, keep=keep)
    before = await store.run_pairs.of_run(conn, run.id)
    made = await store.decisions.of_run(conn, run.id)
    if seen.pool.programme.rules.form in AS_A_WHOLE and wish.kind in FIXING:
        whole = AS_A_WHOLE[seen.pool.programme.rules.form]
        raise core.reviewing.WrongDecision(f"{whole} are put together as a whole: reject or exclude instead.")
    decision = _decision(seen, before, run, wish, ordinal=len(made) + 1, at=now)
    value = core.reviewing.score(before)
    if seen.edition != run.edition:
        value = core.reviewing.score((await asyncio.to_thread(_solve, seen, made)).pairs)
    outcome = await asyncio.to_thread(_solve, seen, [*made, decision])
    return decision, outcome, core.reviewing.difference(before, value, outcome), seen


def _refuse_unless_in_review(run: Run) -> None:
    if run.state != "review":
        raise core.reviewing.NotInReview(f"This run is {run.state}, not under review.")


def _solve(seen: Projection, decisions: Sequence[Decision]) -> Outcome:
    """The best pairs of what the decisions leave open, and the fixed ones. Raises WrongDecision,
    RulesForbid."""
    asked = core.reviewing.demands(decisions)
    pool = core.pool.balanced(seen.pool, engine.solve)
    whole = seen.market if pool is seen.pool else core.pool.market(pool)
    market = core.reviewing.market_with(pool, whole, asked)
    fixed = _fixed(pool, whole, list(asked.fixed.items()))
    solved = core.outcomes.of(pool, market, engine.solve(market))
    return core.reviewing.with_fixed(pool, solved, fixed, asked)


def _fixed(
    pool: Pool, market: engine.Market, couples: Sequence[tuple[ParticipationId, ParticipationId]]
) -> list[Found]:
    people = {one.id: one.person_id for one in pool.participations}
    numbers = [(pool.number(people[a]), pool.number(people[b])) for a, b in couples]
    found = []
    for (mentee, mentor), pairing in zip(couples, engine.explain_all(market, numbers), strict=True):
        if pairing.forbidden:
            raise RulesForbid(" ".join(reason.sentence for reason in pairing.forbidden))
        why = core.pool.why(core.pool.shown(pool, pairing.reasons))
        weight = pairing.weight - pairing.added
        found.append(Found(mentee, mentor, people[mentee], people[mentor], weight, why, pairing.added))
    return found


def _decision(
    seen: Projection, before: Sequence[Found], run: Run, wish: Wish, *, ordinal: int, at: datetime
) -> Decision:
    """The wish in participations. Raises WrongDecision naming what does not fit."""
    mentee = _participation(seen, wish.mentee_id, "mentee")
    mentor = _participation(seen, wish.mentor_id, "mentor")
    second = _participation(seen, wish.other_mentee_id, "mentee")
    partner = {one.mentee_participation_id: one.mentor_participation_id for one in before}
    plain = Decision(run.id, ordinal, wish.kind, wish.by, wish.reason, at, mentee, mentor)
    match wish.kind:
        case "approve" | "reject":
            if mentee is None or mentor is None or partner.get(mentee) != mentor:
                raise core.reviewing.WrongDecision("mentee_id and mentor_id have to be a pair of this run.")
        case "pin" | "exclude-pair":
            if mentee is None or mentor is None:
                raise core.reviewing.WrongDecision("This needs mentee_id and mentor_id.")
        case "swap":
            if mentee not in partner or second not in partner or mentee == second:
                raise core.reviewing.WrongDecision(
                    "mentee_id and other_mentee_id have to be two mentees who have somebody in this run."
                )
            return replace(plain, mentor=partner[second], second_mentee=second, second_mentor=partner[mentee])
        case "exclude" | "release":
            if (mentee is None) == (mentor is None):
                raise core.reviewing.WrongDecision("This needs either mentee_id or mentor_id.")
    return plain


def _participation(seen: Projection, person_id: UUID | None, role: Role) -> ParticipationId | None:
    """Raises WrongDecision for somebody who is not looked for in this role."""
    if person_id is None:
        return None
    side = seen.market.mentees if role == "mentee" else seen.market.mentors
    there = {one.number for one in side}
    for one in seen.pool.participations:
        if (
            one.person_id == person_id
            and one.role in (role, "peer")
            and seen.pool.number(one.person_id) in there
        ):
            return one.id
    raise core.reviewing.WrongDecision(f"{person_id} is no {role} of this run.")

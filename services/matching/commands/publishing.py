"""What came of a round: written down, then published in a short transaction that looks again.

Everybody's lines are written before anybody is kept waiting. What is left while the programme is locked is to
look whether the pool is still the same, and to make the proposals of what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.matching import core, said, store
from services.matching.commands import circles, notes, projection
from services.matching.commands.projection import Projection
from services.matching.core.ids import GroupId, MatchId, ParticipationId
from services.matching.core.matches import Match
from services.matching.core.outcomes import Outcome
from services.matching.core.programmes import Programme
from services.matching.core.runs import Found, Left, Run
from shared import envelope
from shared.tx import Tx


async def note(tx: Tx, run: Run, outcome: Outcome) -> bool:
    """Writes down what came of a run, before anybody is kept waiting; nothing of it holds before `finish`.

    Whatever an earlier attempt wrote is gone. False, and nothing is written, for a run that was cancelled or
    that another process has taken over.
    """
    held = await store.runs.get_locked(tx.conn, run.id)
    if held.state != "solving" or held.attempts != run.attempts:
        return False
    await notes.write(tx.conn, run.id, outcome)
    return True


async def finish(tx: Tx, run: Run, seen: Projection, outcome: Outcome, *, again: bool) -> bool:
    """Publishes what was noted of a run, if what it looked at still holds.

    If it does not: False where the caller may solve it `again`, else the pairs that are not possible any more
    are dropped. A run that was cancelled, or that another process has taken over, is left as it is.
    """
    programme = await store.programmes.lock(tx.conn, run.programme_id)
    held = await store.runs.get_locked(tx.conn, run.id)
    if held.state != "solving" or held.attempts != run.attempts:
        return True
    if programme.state != "open":
        await notes.forget(tx.conn, run.id)
        await store.runs.update(tx.conn, core.runs.cancelled(held, "The programme was closed.", now=tx.now))
        return True
    await store.solving.publish_alone(tx.conn)
    await store.participations.lock_seats(tx.conn, programme.id)
    if await store.solving.edition(tx.conn, programme.id) != seen.edition:
        if again:
            return False
        now = await projection.look(tx.conn, run)
        outcome = core.outcomes.still_possible(outcome, now.pool, now.market)
        await notes.write(tx.conn, run.id, outcome)
    if not run.only_offers:
        await _replace(tx, programme)
    noted = core.outcomes.noted(held, outcome)
    if programme.rules.review:
        edition = await store.solving.edition(tx.conn, programme.id)
        await _update(tx, replace(noted, state="review", edition=edition, version=held.version + 1), outcome)
        return True
    await _update(tx, noted, outcome)
    await publish(tx, noted, outcome.pairs, outcome.left)
    await store.programmes.ask_for_round(tx.conn, run.programme_id, _next_round(tx, seen, outcome))
    return True


async def _replace(tx: Tx, programme: Programme) -> None:
    """What is under review is not published any more once there is something newer."""
    for older in await store.runs.in_review(tx.conn, programme.id):
        await store.runs.update(tx.conn, core.runs.cancelled(older, "Replaced by a newer run.", now=tx.now))


async def keep(tx: Tx, run: Run, outcome: Outcome) -> None:
    """Writes what came of a run under review, in place of what was written of it."""
    await notes.write(tx.conn, run.id, outcome)
    await _update(tx, run, outcome)


async def _update(tx: Tx, run: Run, outcome: Outcome) -> None:
    await store.runs.update(tx.conn, run)
    alarm = any(line.alarm for line in outcome.ledger)
    await store.ledger.set_alarm(tx.conn, run.id, alarm=alarm)


async def publish(tx: Tx, run: Run, pairs: Sequence[Found], left: Sequence[Left]) -> Run:
    """Proposes the pairs to the people; they are written down, the pool is locked and they are possible."""
    groups = await circles.of_mentors(tx, run.programme_id, [one.mentor_participation_id for one in pairs])
    proposals = [_proposal(tx, run, pair, groups) for pair in pairs]
    added = await store.proposals.add(tx.conn, run.id, proposals)
    assert added == len(proposals), "the pool is locked and placed mentees are not in the market"
    published = replace(
        run, state="published", proposed=len(pairs), finished_at=tx.now, version=run.version + 1
    )
    await store.runs.update(tx.conn, published)
    for match in proposals:
        tx.emit(said.match_proposed(match))
    for event in said.matching_run_finished(published, left, at=tx.now):
        tx.emit(event)
    return published


def _proposal(tx: Tx, run: Run, pair: Found, groups: Mapping[ParticipationId, GroupId]) -> Match:
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
        answer_by=core.matches.answer_by(tx.now, pair.talk_at),
        created_at=tx.now,
        explanation=pair.explanation,
        group_id=groups.get(pair.mentor_participation_id),
        peer=run.proof == "halves",
        talk_at=pair.talk_at,
    )


def _next_round(tx: Tx, seen: Projection, outcome: Outcome) -> datetime | None:
    """When somebody who waits may meet again whom they were kept apart from, or is not left in peace any
    more, or as the programme looks again for those who wait; else a change has to ask."""
    programme, freed_at = seen.pool.programme, seen.freed_at
    if outcome.dropped or outcome.waits_for_round:
        return core.programmes.round_after(programme, tx.now)
    mentees = [one.person_id for one in outcome.left if one.role != "mentor"]
    times = [freed_at[one] for one in mentees if one in freed_at]
    times += core.pool.pauses(seen.pool)
    freed = core.programmes.round_after(programme, min(times)) if times else None
    again = core.programmes.look_again_at(programme, tx.now) if mentees else None
    return min((at for at in (freed, again) if at is not None), default=None)

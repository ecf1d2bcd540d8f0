"""The life of a match, whichever door it is moved through."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.matching import core, engine, said, store, taxonomy
from services.matching.commands import circles, programmes
from services.matching.commands.projection import Projection, Projections
from services.matching.core.ids import MatchId, PersonId, Side
from services.matching.core.matches import Answer, Match
from services.matching.core.participations import Participation
from services.matching.core.views import View
from shared import envelope
from shared.errors import NotFound, Refused
from shared.tx import Connection, Tx


class NotInProgramme(Refused):
    status = 422
    code = "not-in-programme"


class RulesForbid(Refused):
    status = 422
    code = "rules-forbid"


async def make_by_hand(
    tx: Tx, kept: Projections, programme_id: UUID, *, mentee_id: UUID, mentor_id: UUID
) -> Match:
    """An organiser's own decision, inside the programme's rules: the match is made at once.

    Raises NotInProgramme, CapacityExceeded, AlreadyMatched or RulesForbid.
    """
    programme = await store.programmes.get(tx.conn, programme_id)
    programmes.refuse_closed(programme)
    mentee, mentor = await lock_both(tx, programme_id, mentee_id=mentee_id, mentor_id=mentor_id)
    ends_on = core.programmes.match_ends_on(programme, tx.now.date())
    match = core.matches.made_at_once(await fitting(tx, kept, mentee, mentor), now=tx.now, ends_on=ends_on)
    if not await store.matches.add(tx.conn, match):
        raise already_matched()
    tx.emit(said.match_made(match, programme))
    return match


async def fitting(tx: Tx, kept: Projections, mentee: Participation, mentor: Participation) -> Match:
    """A proposal to two who are locked, have a seat and may be a pair; it is not kept yet.

    Raises CapacityExceeded, AlreadyMatched, Paused, RulesForbid or NoTalkLeft.
    """
    await _refuse_taken(tx, mentee, mentor)
    seen = await kept.of(tx.conn, mentee.programme_id, now=tx.now, keep=False)
    pairing = await _look_at(seen, mentee, mentor)
    groups = await circles.of_mentors(tx, mentor.programme_id, [mentor.id])
    return core.matches.between(
        MatchId(envelope.new_id()),
        mentee,
        mentor,
        now=tx.now,
        weight=pairing.weight,
        explanation=core.pool.why(pairing.reasons),
        group_id=groups.get(mentor.id),
        talk_at=_talk_at(seen, mentee, mentor),
    )


def _talk_at(seen: Projection, mentee: Participation, mentor: Participation) -> datetime | None:
    """The first flash talk both have time for. Raises NoTalkLeft."""
    if seen.pool.programme.rules.form != "flash":
        return None
    numbers = seen.pool.number(mentee.person_id), seen.pool.number(mentor.person_id)
    return core.flash.first_for(seen.market, *numbers, core.flash.talks(seen.pool.programme, seen.pool.now))


async def _refuse_taken(tx: Tx, mentee: Participation, mentor: Participation) -> None:
    """Two peers take the one seat of both. Raises CapacityExceeded or AlreadyMatched."""
    taken = await store.matches.seats_taken(tx.conn, mentor.id)
    if mentor.role != "peer":
        core.matches.take_seat(capacity=mentor.capacity, taken=taken)
    elif taken or await store.matches.seats_taken(tx.conn, mentee.id):
        raise core.matches.AlreadyMatched("One of the two has a proposal or a match in this programme.")


async def lock_both(
    tx: Tx, programme_id: UUID, *, mentee_id: UUID, mentor_id: UUID
) -> tuple[Participation, Participation]:
    """The mentee's and the mentor's participation, with the mentor's seats. Raises NotInProgramme."""
    found = await store.participations.lock_pair(
        tx.conn, programme_id, mentee_id=mentee_id, mentor_id=mentor_id
    )
    peers = {one.person_id: one for one in found if one.role == "peer"}
    if len(peers) == 2:
        return peers[core.ids.PersonId(mentee_id)], peers[core.ids.PersonId(mentor_id)]
    by_role = {one.role: one for one in found}
    if "mentee" not in by_role:
        raise NotInProgramme(f"{mentee_id} is no mentee of this programme")
    if "mentor" not in by_role:
        raise NotInProgramme(f"{mentor_id} is no mentor of this programme")
    return by_role["mentee"], by_role["mentor"]


async def _look_at(seen: Projection, mentee: Participation, mentor: Participation) -> engine.Pairing:
    """How well the two fit. Raises Paused, AlreadyMatched for the mentee, RulesForbid naming the rules."""
    core.pool.refuse_paused(seen.pool, (mentee, mentor))
    numbers = seen.pool.number(mentee.person_id), seen.pool.number(mentor.person_id)
    if numbers[0] not in {one.number for one in seen.market.mentees}:
        raise already_matched()
    pairing = await seen.explain(*numbers)
    if pairing.forbidden:
        raise RulesForbid(" ".join(reason.sentence for reason in pairing.forbidden))
    return pairing


def already_matched() -> core.matches.AlreadyMatched:
    return core.matches.AlreadyMatched("The mentee has an open proposal or a match in this programme.")


async def view(conn: Connection, match: Match, *, learner: PersonId | None = None) -> View:
    """What the two of a match are shown of each other; of two peers either is the `learner` to the other."""
    ids = match.mentee_participation_id, match.mentor_participation_id
    if learner == match.mentor_id:
        ids = ids[1], ids[0]
    told = await store.participations.by_ids(conn, ids)
    names = {code: skill.name for code, skill in taxonomy.skills().items()}
    people = {one.id: one for one in await store.people.by_ids(conn, [match.mentee_id, match.mentor_id])}
    pools = people[told[ids[0]].person_id].card.pool, people[told[ids[1]].person_id].card.pool
    return core.views.view(told[ids[0]], told[ids[1]], names, pools=pools)


async def answer(tx: Tx, match_id: UUID, person_id: UUID, said_: Answer, *, reason: str | None) -> Match:
    """One side's answer to a proposal. Raises NotFound, ProposalClosed, or RulesForbid where the two were
    ruled out meanwhile."""
    match, role = await _addressed(tx, match_id, person_id)
    programme = await store.programmes.get(tx.conn, match.programme_id)
    ends_on = core.programmes.match_ends_on(programme, tx.now.date())
    after = core.matches.answered(match, role, said_, reason=reason, now=tx.now, ends_on=ends_on)
    if said_ == "accept" and await store.matches.is_blocked(
        tx.conn, match.mentee_id, match.mentor_id, tx.now
    ):
        raise RulesForbid("Meanwhile the two of you were ruled out as a pair.")
    await store.matches.update(tx.conn, after)
    if after.state == "active":
        tx.emit(said.match_made(after, programme))
    if after.state == "declined":
        await _learn(tx, after, role)
        await _apart(tx, after)
        tx.emit(said.match_declined(after, at=tx.now))
    return after


async def _learn(tx: Tx, match: Match, role: Side) -> None:
    """Notes what a "no" teaches about whoever said it."""
    goals: tuple[str, ...] = ()
    who = match.mentee_participation_id
    if role == "mentor":
        told = await store.participations.by_ids(tx.conn, [match.mentee_participation_id])
        goals = told[match.mentee_participation_id].profile.goals
        who = match.mentor_participation_id
    code = match.decline_reason or "not-given"
    lesson = core.lessons.lesson(match.id, who, code, goals=goals, now=tx.now)
    if lesson is not None:
        await store.lessons.add(tx.conn, lesson)


async def _addressed(tx: Tx, match_id: UUID, person_id: UUID) -> tuple[Match, Side]:
    match = await store.matches.find_locked(tx.conn, match_id)
    role = None if match is None else match.role_of(core.ids.PersonId(person_id))
    if match is None or role is None:
        raise NotFound("This proposal does not exist.")
    return match, role


async def lapse(tx: Tx, match: Match) -> None:
    """Ends a locked proposal that was not answered in time."""
    after = core.matches.lapsed(match)
    await store.matches.update(tx.conn, after)
    await _apart(tx, after)
    tx.emit(said.match_declined(after, at=tx.now))


async def withdraw(tx: Tx, match: Match, reason: str) -> None:
    """Takes a locked proposal back that cannot become a match any more; both are looked at again."""
    after = core.matches.withdrawn(match, reason)
    await store.matches.update(tx.conn, after)
    tx.emit(said.match_declined(after, at=tx.now))
    await programmes.pool_changed(tx, match.programme_id)


async def flag(tx: Tx, match: Match, reason: str) -> None:
    """Asks for somebody to look at a locked active match; it goes on."""
    after = core.matches.flagged(match, reason, now=tx.now)
    await store.matches.update(tx.conn, after)
    tx.emit(said.match_flagged(after, at=tx.now))


async def let_be(tx: Tx, match_id: UUID) -> Match:
    """An organiser has looked at a flagged match, and it goes on as it is. Raises NotFound or NotFlagged."""
    match = await store.matches.find_locked(tx.conn, match_id)
    if match is None:
        raise NotFound(f"there is no match {match_id}")
    after = core.matches.looked_at(match)
    await store.matches.update(tx.conn, after)
    return after


async def end(tx: Tx, match: Match, reason: str) -> None:
    """Ends a locked active match; both are free for others."""
    after = core.matches.ended(match, reason, now=tx.now)
    await store.matches.update(tx.conn, after)
    await _apart(tx, after)
    tx.emit(said.match_ended(after, at=tx.now))


async def _apart(tx: Tx, match: Match) -> None:
    block = core.matches.block_after(match, now=tx.now)
    if block is not None:
        await store.matches.block(tx.conn, block)
    await programmes.pool_changed(tx, match.programme_id)

"""When a match is over: going on informally, and passing on what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from services.matching import core, said, store
from services.matching.commands import enrolment
from services.matching.core.matches import Match
from services.matching.core.participations import Participation
from shared.errors import NotFound
from shared.tx import Tx


async def go_on(tx: Tx, match_id: UUID, person_id: UUID) -> Match:
    """One side wants to go on; when both do, the match is informal. Raises NotFound or NotCompleted."""
    match = await _of(tx, match_id, person_id)
    core.matches.continued(match, ())
    await store.afterwards.want_on(tx.conn, match.id, core.ids.PersonId(person_id), tx.now)
    after = core.matches.continued(match, await store.afterwards.wanting(tx.conn, match.id))
    if after != match:
        await store.matches.update(tx.conn, after)
        tx.emit(said.match_continued(after, at=tx.now))
    return after


async def become_mentor(
    tx: Tx, match_id: UUID, person_id: UUID, *, skills: Mapping[str, int], capacity: int
) -> list[Participation]:
    """The mentee of a completed match joins the same programme as a mentor.

    Raises NotFound, NotCompleted, and the refusals of `enrolment.enrol`.
    """
    match = await _of(tx, match_id, person_id)
    core.matches.continued(match, ())
    if person_id != match.mentee_id:
        raise NotFound("Only the mentee of a match can pass on what they learned in it.")
    programme = await store.programmes.get(tx.conn, match.programme_id)
    told = await store.participations.by_ids(tx.conn, [match.mentee_participation_id])
    mentee = told[match.mentee_participation_id]
    profile = core.afterwards.as_mentor(mentee.profile, skills)
    return await enrolment.enrol(
        tx, programme, mentee.person_id, [("mentor", profile, capacity)], consent=True
    )


async def _of(tx: Tx, match_id: UUID, person_id: UUID) -> Match:
    match = await store.matches.find_locked(tx.conn, match_id)
    if match is None or match.role_of(core.ids.PersonId(person_id)) is None:
        raise NotFound("This match does not exist.")
    return match

"""What a mentee asks for: a mentor by name, and favourites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.matching import core, said, store
from services.matching.commands import matches, pausing, programmes
from services.matching.commands.projection import Projections
from services.matching.core.ids import PersonId
from services.matching.core.matches import Match
from services.matching.core.participations import Participation
from shared.errors import FieldError
from shared.tx import Tx


async def ask(
    tx: Tx, kept: Projections, programme_id: UUID, *, mentee_id: UUID, mentor_id: UUID, purpose: str
) -> Match:
    """A proposal to which the mentee has said yes, with what the mentee wrote to the mentor.

    It holds a seat until it is answered or lapses. Raises PurposeMissing, NotInProgramme, CapacityExceeded,
    AlreadyMatched, RulesForbid, and Paused for a mentor who is left in peace; then nothing is said.
    """
    written = core.wishes.purpose(purpose)
    programme = await store.programmes.get(tx.conn, programme_id)
    programmes.refuse_closed(programme)
    mentee, mentor = await matches.lock_both(tx, programme_id, mentee_id=mentee_id, mentor_id=mentor_id)
    match = await matches.fitting(tx, kept, await _back(tx, mentee), mentor)
    if not await store.matches.add(tx.conn, match):
        raise matches.already_matched()
    asked = replace(match, mentee_answer="accept")
    await store.matches.update(tx.conn, asked)
    await store.wishes.add_request(tx.conn, match.id, written)
    tx.emit(said.match_proposed(asked, requested=True))
    return asked


async def _back(tx: Tx, mentee: Participation) -> Participation:
    """Whoever asks for a mentor does not want to be left in peace any more."""
    await store.lessons.end_pause(tx.conn, mentee.id, tx.now)
    return await pausing.resume(tx, mentee)


async def prefer(tx: Tx, programme_id: UUID, *, mentee_id: UUID, mentor_ids: Sequence[UUID]) -> None:
    """Replaces a mentee's favourites, the best first; the next round knows them.

    Raises WrongFavourites, and NotInProgramme for who is no mentee or no mentor of the programme.
    """
    mentee = await store.participations.lock_role(tx.conn, programme_id, mentee_id, "mentee")
    if mentee is None:
        raise matches.NotInProgramme(f"{mentee_id} is no mentee of this programme")
    known = await store.participations.mentors(tx.conn, programme_id, mentor_ids)
    wrong = [
        FieldError(f"/mentor_ids/{place}", "is no mentor of this programme")
        for place, mentor_id in enumerate(mentor_ids)
        if mentor_id not in known
    ]
    if wrong:
        raise matches.NotInProgramme("Some favourites are no mentors of this programme.", wrong)
    mentors = [known[PersonId(mentor_id)] for mentor_id in mentor_ids]
    core.wishes.refuse_wrong_favourites(mentors)
    await store.wishes.clear_favourites(tx.conn, mentee.id)
    await store.wishes.add_favourites(tx.conn, mentee.id, mentors)
    await store.participations.changed(tx.conn, mentee.id)
    await programmes.pool_changed(tx, programme_id)

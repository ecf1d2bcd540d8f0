"""Groups that people say they belong to: given voluntarily, taken back at any time, said in no event."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.matching import store
from services.matching.core.ids import ParticipationId
from services.matching.core.participations import Participation
from services.matching.core.programmes import Programme
from shared.errors import FieldError, NotFound, Refused
from shared.tx import Tx


class UnknownGroups(Refused):
    status = 422
    code = "unknown-groups"


class NotAMentee(Refused):
    status = 422
    code = "not-a-mentee"


async def say(tx: Tx, programme_id: UUID, participation_id: UUID, codes: Sequence[str]) -> list[str]:
    """Keeps what a mentee says, instead of what they said before; returns it sorted.

    Raises NotFound, NotAMentee, and UnknownGroups naming what the programme does not ask.
    """
    programme = await store.programmes.lock(tx.conn, programme_id)
    known = await store.participations.by_ids(tx.conn, [participation_id])
    one = known.get(ParticipationId(participation_id))
    if one is None or one.programme_id != programme.id:
        raise NotFound(f"{participation_id} is no participation in this programme")
    if one.role != "mentee":
        raise NotAMentee("Groups are looked at among mentees: a mentor's are not kept.")
    wrong = [
        FieldError(f"/codes/{place}", f"{code} is not among the programme's groups")
        for place, code in enumerate(codes)
        if code not in programme.rules.group_names
    ]
    if wrong:
        raise UnknownGroups("The programme does not ask for these groups: see its rules.", wrong)
    kept = sorted(set(codes))
    await store.ledger.clear_groups(tx.conn, participation_id)
    await store.ledger.add_groups(tx.conn, participation_id, kept)
    return kept


async def keep(tx: Tx, programme: Programme, joined: Sequence[Participation], codes: Sequence[str]) -> None:
    """What a mentee said while joining; what the programme does not ask is not kept."""
    known = sorted(code for code in set(codes) if code in programme.rules.group_names)
    for one in joined:
        if one.role == "mentee" and known:
            await store.ledger.add_groups(tx.conn, one.id, known)

"""Which circle a new match belongs to: one id shared by a mentor and all their mentees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.matching import store
from services.matching.core.ids import GroupId, ParticipationId
from shared import envelope
from shared.tx import Tx


async def of_mentors(
    tx: Tx, programme_id: UUID, mentors: Iterable[ParticipationId]
) -> Mapping[ParticipationId, GroupId]:
    """The circle of each mentor, a new one where none is open; nothing in programmes of another form.

    The mentors' seats are locked, so that no circle is opened twice.
    """
    programme = await store.programmes.get(tx.conn, programme_id)
    if programme.rules.form != "circle":
        return {}
    known = await store.circles.open_groups(tx.conn, programme_id)
    return {one: known.get(one) or GroupId(envelope.new_id()) for one in sorted(set(mentors))}

"""Groups of identity providers that stand for a role in a programme: who joins one is invited, who leaves it
leaves the role.

Joining is an invitation, not an enrolment: what somebody wants to learn or can show, and that they agree to
be matched, only they can say, on the page that the mail leads to. The group's role is chosen for them there.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.matching import core, store
from services.matching.commands import leaving, programmes
from services.matching.core.ids import PersonId
from services.matching.core.people import in_order
from services.matching.core.scim import GroupRole
from shared.tx import Tx

LEFT_GROUP = "left-group"


async def join(tx: Tx, stands_for: GroupRole, people: Sequence[PersonId]) -> list[PersonId]:
    """Invites those who may join and do not take part in the role; returns whom. A closed programme has no
    guests."""
    programme = await store.programmes.get(tx.conn, stands_for.programme_id)
    if programme.state != "open" or not people:
        return []
    there = {
        one.person_id
        for one in await store.participations.lock_of_people(tx.conn, people)
        if one.programme_id == programme.id and one.role == stands_for.role
    }
    guests = [
        one.card.employee_number
        for one in await store.people.by_ids(tx.conn, people)
        if one.id not in there
        and one.card.status in core.standing.WITH_ACCESS
        and core.programmes.is_open_to(programme.rules, one.card.pool)
    ]
    return await programmes.invite(tx, programme.id, sorted(guests, key=in_order)) if guests else []


async def leave(tx: Tx, stands_for: GroupRole, people: Sequence[PersonId]) -> None:
    """Their participations in the role are over, and an invitation is taken back."""
    if not people:
        return
    theirs = [
        one
        for one in await store.participations.lock_of_people(tx.conn, people)
        if one.programme_id == stands_for.programme_id and one.role == stands_for.role
    ]
    await leaving.leave(tx, theirs, LEFT_GROUP)
    await store.programmes.take_back_invitations(tx.conn, stands_for.programme_id, people, now=tx.now)

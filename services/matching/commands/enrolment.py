"""Joining a programme, by oneself or through an administrator."""

from __future__ import annotations

from collections.abc import Sequence

from services.matching import core, said, store
from services.matching.commands import programmes, standing
from services.matching.core.ids import ParticipationId, PersonId, Role
from services.matching.core.participations import Participation, Profile
from services.matching.core.people import Person
from services.matching.core.programmes import Programme
from shared import envelope
from shared.errors import Refused
from shared.tx import Tx


class AlreadyJoined(Refused):
    code = "already-joined"


class WrongRole(Refused):
    status = 422
    code = "wrong-role"


def refuse_wrong_role(programme: Programme, roles: Sequence[Role]) -> None:
    """Raises WrongRole."""
    if not {*roles} <= set(core.programmes.roles(programme)):
        ways = " or ".join(core.programmes.roles(programme))
        raise WrongRole(f"In {programme.name} people take part as {ways}: join as that.")


class NotHere(Refused):
    status = 422
    code = "not-here"


class PoolNotOpen(Refused):
    status = 422
    code = "pool-not-open"


async def enrol(
    tx: Tx,
    programme: Programme,
    person_id: PersonId,
    told: Sequence[tuple[Role, Profile, int]],
    *,
    consent: bool,
) -> list[Participation]:
    """One participation per (role, profile, capacity).

    Raises AlreadyJoined, ProgrammeClosed, WrongRole, NotHere or PoolNotOpen.
    """
    programmes.refuse_closed(programme)
    refuse_wrong_role(programme, [role for role, _, _ in told])
    person = await _guest(tx, programme, person_id)
    joined = []
    for role, profile, capacity in told:
        participation = Participation(
            id=ParticipationId(envelope.new_id()),
            programme_id=programme.id,
            person_id=person_id,
            role=role,
            capacity=core.programmes.seats(programme, role, capacity),
            profile=profile,
            consent=consent,
            version=1,
            joined_at=tx.now,
        )
        if not await store.participations.add(tx.conn, participation):
            raise AlreadyJoined(f"This person takes part in {programme.name} as a {role} already.")
        tx.emit(said.participant_joined(participation))
        joined.append(participation)
    await programmes.somebody_joined(tx, programme)
    if person.card.status != "active":
        await standing.reconcile(tx, await store.standings.lock(tx.conn, ids=[person_id]))
    return joined


async def _guest(tx: Tx, programme: Programme, person_id: PersonId) -> Person:
    """Raises NotHere or PoolNotOpen."""
    person = await store.people.get(tx.conn, person_id)
    if person.card.status not in core.standing.WITH_ACCESS:
        raise NotHere("Whoever has left the company, or may have left it, cannot join.")
    if not core.programmes.is_open_to(programme.rules, person.card.pool):
        origin = core.people.POOLS[person.card.pool]
        raise PoolNotOpen(f"The programme {programme.name} is not open to people from {origin}.")
    return person

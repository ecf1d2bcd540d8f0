"""Opening programmes, changing them, inviting people, and remembering that a round is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.matching import core, said, store
from services.matching.core.ids import PersonId
from services.matching.core.people import Person
from services.matching.core.programmes import Programme
from shared.errors import FieldError, Refused
from shared.tx import Tx


class NameTaken(Refused):
    code = "name-taken"


class ProgrammeClosed(Refused):
    code = "programme-closed"


class WrongDates(Refused):
    status = 422
    code = "wrong-dates"


class FormFixed(Refused):
    code = "form-fixed"


class UnknownPeople(Refused):
    status = 422
    code = "unknown-people"


async def pool_changed(tx: Tx, programme_id: UUID) -> None:
    """Somebody came, went or was freed: the next round has something to look at."""
    programme = await store.programmes.get(tx.conn, programme_id)
    at = core.programmes.round_after(programme, tx.now)
    await store.programmes.ask_for_round(tx.conn, programme_id, at)


async def somebody_joined(tx: Tx, programme: Programme) -> None:
    """The next round has somebody to look at, whom an evergreen programme may offer somebody before."""
    await pool_changed(tx, programme.id)
    at = core.programmes.offer_at(programme, tx.now)
    if at is not None:
        await store.programmes.ask_for_offer(tx.conn, programme.id, at)


async def open_programme(tx: Tx, programme: Programme) -> None:
    """Raises WrongDates or NameTaken."""
    _refuse_wrong_dates(programme)
    if not await store.programmes.add(tx.conn, programme):
        raise _name_taken(programme)
    tx.emit(said.programme_changed(programme, at=tx.now))


async def change_programme(tx: Tx, programme: Programme) -> Programme:
    """Saves a programme that was read under its lock and then changed. Raises WrongDates or NameTaken.

    New rules and dates are looked at in the next round; a closed programme has none.
    """
    _refuse_wrong_dates(programme)
    if await store.programmes.is_name_taken(tx.conn, programme.name, by_other_than=programme.id):
        raise _name_taken(programme)
    at = core.programmes.round_after(programme, tx.now)
    changed = replace(programme, version=programme.version + 1, next_round_at=at)
    await store.programmes.update(tx.conn, changed)
    tx.emit(said.programme_changed(changed, at=tx.now))
    return changed


async def invite(tx: Tx, programme_id: UUID, employee_numbers: Sequence[str]) -> list[PersonId]:
    """Invites those who hold no valid invitation, in the order of their employee numbers; returns them.

    Raises ProgrammeClosed, and UnknownPeople naming every number that is nobody's or a person's who left.
    """
    programme = await store.programmes.lock(tx.conn, programme_id)
    refuse_closed(programme)
    people = await _wanted(tx, employee_numbers)
    expires_at = tx.now + timedelta(days=core.programmes.INVITATION_DAYS)
    invited = set(
        await store.programmes.invite(
            tx.conn, programme_id, [person.id for person in people], now=tx.now, expires_at=expires_at
        )
    )
    told = [person for person in people if person.id in invited]
    for person in told:
        tx.emit(said.participant_invited(person, programme, expires_at=expires_at, at=tx.now))
    return [person.id for person in told]


async def _wanted(tx: Tx, employee_numbers: Sequence[str]) -> list[Person]:
    known = await store.people.by_numbers(tx.conn, employee_numbers)
    wrong = [
        FieldError(f"/employee_numbers/{place}", f"{number} is nobody who works here")
        for place, number in enumerate(employee_numbers)
        if number not in known or known[number].card.status not in core.standing.WITH_ACCESS
    ]
    if wrong:
        raise UnknownPeople("Nobody was invited: some numbers are nobody's.", wrong)
    return [known[number] for number in sorted(set(employee_numbers), key=core.people.in_order)]


def refuse_new_form(programme: Programme, changed: Programme) -> None:
    """Raises FormFixed."""
    if core.programmes.is_reshaped(programme.rules, changed.rules):
        errors = [FieldError("/rules/form", f"stays {programme.rules.form}")]
        if programme.rules.form == changed.rules.form == "flash":
            errors = [FieldError("/rules/talks_at", "stay as they are")]
        elif programme.rules.form == changed.rules.form:
            errors = [FieldError("/rules/group_size", f"stays {programme.rules.group_size}")]
        raise FormFixed(
            "People join for the form, the size and the times they are told of: open another programme"
            " instead.",
            errors,
        )


def refuse_closed(programme: Programme) -> None:
    if programme.state != "open":
        raise ProgrammeClosed(f"The programme {programme.name} is closed.")


def _refuse_wrong_dates(programme: Programme) -> None:
    errors = [FieldError(f"/{field}", detail) for field, detail in core.programmes.wrong_dates(programme)]
    if errors:
        raise WrongDates("The dates do not fit each other.", errors)


def _name_taken(programme: Programme) -> NameTaken:
    taken = FieldError("/name", "taken by another programme")
    return NameTaken(f"There is a programme {programme.name} already.", [taken])

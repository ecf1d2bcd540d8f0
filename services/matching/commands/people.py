"""Taking over what HR knows about people."""

from __future__ import annotations

from zoneinfo import available_timezones

from services.matching import core, said, store
from services.matching.commands import programmes
from services.matching.core.ids import PersonId
from services.matching.core.people import Plan
from shared import envelope
from shared.errors import FieldError, Refused
from shared.tx import Tx


class WrongHeader(Refused):
    status = 422
    code = "wrong-header"


async def import_roster(tx: Tx, content: bytes) -> Plan:
    """Applies the good rows of a file of people and says who changed. Raises WrongHeader, naming the columns.

    The same file again changes nothing and says nothing.
    """
    roster = core.roster.read(content, zones=available_timezones())
    if roster.header:
        errors = [FieldError(column, problem) for column, problem in roster.header]
        detail = "The first line has to name these columns, separated by commas: "
        raise WrongHeader(detail + ",".join(core.roster.COLUMNS), errors)
    await store.people.lock_roster(tx.conn)
    numbers = core.people.numbers_in(roster.rows)
    names = [row.card.user_name for row in roster.rows]
    emails = [row.card.work_email for row in roster.rows]
    known = await store.people.touched_by(tx.conn, numbers, names, emails)
    new_ids = {row.card.employee_number: PersonId(envelope.new_id()) for row in roster.rows}
    plan = core.people.plan(roster.rows, known, new_ids, now=tx.now)
    await store.people.save(tx.conn, [*plan.changed, *plan.touched])
    for person in plan.changed:
        tx.emit(said.person_changed(person, at=tx.now))
    changed = [person.id for person in plan.changed]
    for programme_id in await store.programmes.of_people(tx.conn, changed):
        await programmes.pool_changed(tx, programme_id)
    rejected = tuple(sorted([*roster.rejected, *plan.rejected], key=lambda one: one.line))
    return Plan(plan.changed, plan.touched, plan.applied, plan.unchanged, rejected)

"""People by hand: what an administrator says becomes facts that count more than what HR systems say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from services.matching import core, store
from services.matching.commands import ruling
from services.matching.core.byhand import Word
from services.matching.core.facts import Identity, Taken
from services.matching.core.people import Person
from shared.errors import FieldError, Refused
from shared.tx import Tx


class AlreadyHere(Refused):
    code = "person-already-here"


class NotTaken(Refused):
    status = 422
    code = "not-taken"


async def add(tx: Tx, fields: Mapping[str, str | None], *, effective_on: date | None) -> Taken:
    """Takes somebody in, from a day on or at once. Without a time zone they have their site's.

    Raises AlreadyHere for the number of somebody who is or was here, NotTaken with what is wrong.
    """
    number = fields.get("employee_number") or ""
    if await store.people.by_numbers(tx.conn, [number]):
        raise AlreadyHere(
            f"employee {number} is known here already: change them instead",
            [FieldError("/employee_number", "belongs to somebody already")],
        )
    zones = await store.sites.zones(tx.conn)
    word = core.byhand.hire(fields, zones, effective_on=effective_on)
    return (await _say(tx, number, [word]))[0]


async def change(tx: Tx, person_id: UUID, words: Sequence[Word]) -> list[Taken]:
    """Says something about somebody who is known. Raises NotFound, NotTaken with what is wrong."""
    person = await store.people.get(tx.conn, person_id)
    return await _say(tx, person.card.employee_number, words)


async def _say(tx: Tx, number: str, words: Sequence[Word]) -> list[Taken]:
    who = Identity(employee_number=number)
    taken = [
        await ruling.say(tx, word.kind, who, word.fields, effective_on=word.on, until=word.until)
        for word in words
    ]
    bad = [one for one in taken if one.state in ("rejected", "held")]
    if bad:
        errors = [FieldError(f"/{one.field}", one.reason) for one in bad]
        raise NotTaken("; ".join(f"{one.field} {one.reason}" for one in bad), errors)
    return taken


async def find_added(tx: Tx, taken: Taken) -> Person | None:
    """Whoever was taken in; nobody yet where it holds from a later day."""
    return None if taken.person_id is None else await store.people.find(tx.conn, taken.person_id)

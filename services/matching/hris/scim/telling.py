"""What a change of a user means for the person: facts, taken in the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import scim2_models as scim

from services.matching import commands, core, store
from services.matching.core.facts import Identity, Taken
from services.matching.core.provisioning import ATTRIBUTES, Change, Fields, Said
from services.matching.core.scim import Kept
from services.matching.hris.scim import members, shapes
from shared.tx import Tx

NAMES = frozenset({"user_name", "work_email"})
"""What no two people have. Another's is refused, so that the provider's administrator sees it."""


async def changed(tx: Tx, before: Kept | None, after: Kept, *, default_zone: str) -> Kept:
    """Tells what is new about a user; returns the row with the person it is about, where they are known.

    A user without any address is kept and is nobody, until they have one: then they are hired.
    Raises UniquenessException or InvalidValueException for what cannot be taken over. An identity that leads
    to two people is accepted and held: only an administrator of ours can decide it, and until then nobody
    gets access by it.
    """
    known = _said(before) if before else None
    is_known = known is not None and (known.is_somebody or after.person_id is not None)
    change = Change(known if is_known else None, _said(after))
    if not is_known and not change.after.is_somebody:
        return after
    fields = await _fields(tx, change, default_zone)
    managers = await _managers(tx, after.source, change.after.manager) if change.is_about_manager else {}
    told = core.provisioning.kinds(change, fields, managers, status=after.status)
    if not told:
        return after
    who = _known(after, change.after) if change.before else await _new(tx, after, change.after)
    taken = await commands.facts.take(tx, core.provisioning.facts(after, who, told))
    _refuse(taken)
    found = next((one.person_id for one in taken if one.person_id), None)
    known_now = replace(after, person_id=found or after.person_id)
    if before is not None and (before.person_id is None or {"return", "rehire"} & {kind for kind, _ in told}):
        await members.come(tx, known_now)
    return known_now


async def gone(tx: Tx, kept: Kept) -> None:
    """A user was deleted: the employment is over."""
    last, said = replace(kept, version=kept.version + 1), _said(kept)
    if not said.is_somebody and kept.person_id is None:
        return
    who = _known(kept, said)
    await commands.facts.take(tx, core.provisioning.facts(last, who, [("termination", {})]))


def _said(kept: Kept) -> Said:
    user: dict[str, Any] = orjson.loads(kept.resource)
    return core.provisioning.read(user)


async def _fields(tx: Tx, change: Change, default_zone: str) -> Fields:
    fields = change.fields
    if change.is_zone_due:
        fields["time_zone"] = default_zone
    return fields


async def _managers(tx: Tx, source: str, value: str) -> Fields:
    """Who is named as manager: by SCIM id as the standard has it, else by whatever the provider calls people.

    Somebody nobody knows yet is kept under that name, and found when they come.
    """
    if not value:
        return {"manager_employee_number": None}
    found = await store.scim.find_called(tx.conn, source, value, shapes.uuid(value))
    if found is None:
        known = await store.people.by_numbers(tx.conn, [value])
        is_number = bool(known) or value.isdecimal()
        return {"manager_employee_number" if is_number else "manager_external_id": value}
    if found.employee_number:
        return {"manager_employee_number": found.employee_number}
    return {"manager_external_id": found.external_id or value}


async def _new(tx: Tx, kept: Kept, said: Said) -> Identity:
    number = said.fields["employee_number"]
    if number is None:
        number = await _number_of(tx, kept, said) or core.provisioning.nobodys_number(kept)
    return Identity(number, said.external_id, said.fields["work_email"])


def _known(kept: Kept, said: Said) -> Identity:
    """By the number that the person has by now, whoever gave it to them."""
    number = kept.employee_number or said.fields["employee_number"]
    return Identity(
        number, said.external_id, None if number or said.external_id else said.fields["work_email"]
    )


async def _number_of(tx: Tx, kept: Kept, said: Said) -> str | None:
    """The number of somebody who comes back, or whom another source knows; by id, then by address."""
    if said.external_id:
        found = await store.facts.of_keys(tx.conn, [(kept.source, said.external_id)])
        people = await store.people.by_ids(tx.conn, list(found.values()))
        if people:
            return people[0].card.employee_number
    email = said.fields["work_email"]
    alike = await store.people.touched_by(tx.conn, [], [], [email]) if email else []
    return next((one.card.employee_number for one in alike if one.card.status != "terminated"), None)


def _refuse(taken: Sequence[Taken]) -> None:
    for one in taken:
        attribute = ATTRIBUTES.get(one.field, one.field)
        if one.state == "held" and one.field in NAMES:
            raise scim.UniquenessException(detail=f"{attribute} {one.reason}.")
        if one.state == "rejected":
            raise scim.InvalidValueException(detail=f"{attribute} {one.reason}.")

"""Who belongs to a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import scim2_models as scim

from services.matching import commands, store
from services.matching.core.scim import Kept
from services.matching.hris.scim import shapes
from shared.tx import Connection, Tx

Entry = dict[str, Any]


async def keep(tx: Tx, before: Kept, group: scim.Resource[Any]) -> str | None:
    """Makes the members of a group those that `group` lists; returns them as JSON. Raises
    InvalidValueException for somebody who is not there."""
    if not isinstance(group, scim.Group):
        return None
    known = {UUID(one["value"]): one for one in orjson.loads(before.members or "[]")}
    shown = _shown(group)
    after = {one: known[one] for one in shown if one in known and known[one].get("display") == shown[one]}
    after |= await _entries(tx, before.source, {one: said for one, said in shown.items() if one not in after})
    gone = [one for one in known if one not in after]
    news = [one for one, entry in after.items() if known.get(one) is not entry]
    if gone:
        await leave(tx, before.id, gone)
        await store.scim_groups.remove_members(tx.conn, before.id, gone)
    if news:
        entries = [orjson.dumps(after[one]).decode() for one in news]
        await store.scim_groups.add_members(tx.conn, before.id, news, entries)
        await _join(tx, before.id, [one for one in news if one not in known])
    return orjson.dumps([after[one] for one in sorted(after)]).decode()


async def with_groups(conn: Connection, rows: Sequence[Kept]) -> list[Kept]:
    """The same resources, the users among them with the groups that they belong to: one statement for all."""
    users = [one.id for one in rows if one.kind == "User"]
    found = await store.scim_groups.of_members(conn, users) if users else {}
    return [replace(one, groups=found[one.id]) if one.id in found else one for one in rows]


async def leave(tx: Tx, group_id: UUID, members: Sequence[UUID]) -> None:
    """What it means for people that they are no members any more."""
    stands_for = await store.scim_groups.find_role(tx.conn, group_id)
    if stands_for is not None:
        people = await store.scim_groups.people_behind(tx.conn, members)
        await commands.memberships.leave(tx, stands_for, people)


async def leave_all(tx: Tx, group: Kept) -> None:
    """The group is deleted."""
    await leave(tx, group.id, [UUID(one["value"]) for one in orjson.loads(group.members or "[]")])


async def _join(tx: Tx, group_id: UUID, members: Sequence[UUID]) -> None:
    stands_for = await store.scim_groups.find_role(tx.conn, group_id) if members else None
    if stands_for is not None:
        people = await store.scim_groups.people_behind(tx.conn, members)
        await commands.memberships.join(tx, stands_for, people)


async def come(tx: Tx, user: Kept) -> None:
    """Somebody is known, or back: what the groups of the user stand for is open to them."""
    if user.person_id is not None:
        for stands_for in await store.scim_groups.roles_of_member(tx.conn, user.id):
            await commands.memberships.join(tx, stands_for, [user.person_id])


def _shown(group: scim.Group) -> dict[UUID, str | None]:
    """What each member is displayed as. Raises InvalidValueException."""
    found = {}
    for member in group.members or []:
        place = shapes.uuid(member.value)
        if place is None:
            raise _unknown([str(member.value)])
        found[place] = member.display
    return found


async def _entries(tx: Tx, source: str, shown: dict[UUID, str | None]) -> dict[UUID, Entry]:
    kinds = await store.scim_groups.kinds(tx.conn, source, list(shown)) if shown else {}
    strangers = sorted(str(one) for one in shown if one not in kinds)
    if strangers:
        raise _unknown(strangers)
    return {one: _entry(one, kinds[one], display) for one, display in shown.items()}


def _entry(place: UUID, kind: str, display: str | None) -> Entry:
    entry = {"value": str(place), "$ref": f"{kind}s/{place}", "type": kind}
    return entry if display is None else {**entry, "display": display}


def _unknown(ids: list[str]) -> scim.InvalidValueException:
    shown = ", ".join(ids[:5])
    return scim.InvalidValueException(detail=f"No user or group has the id {shown}: create members first.")

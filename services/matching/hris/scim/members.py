"""Who belongs to a group."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import scim2_models as scim

from services.matching import store
from services.matching.core.scim import Kept
from shared.tx import Tx


async def keep(tx: Tx, before: Kept, group: scim.Resource[Any]) -> str | None:
    """Makes the members of a group those that `group` lists; returns them as JSON. Raises
    InvalidValueException for somebody who is not there."""
    if not isinstance(group, scim.Group):
        return None
    after = _entries(group)
    known = {UUID(one["value"]): one for one in orjson.loads(before.members or "[]")}
    gone = [one for one in known if one not in after]
    news = [one for one, entry in after.items() if known.get(one) != {**entry, "value": str(one)}]
    if gone:
        await store.scim.remove_members(tx.conn, before.id, gone)
    if news:
        await _refuse_unknown(tx, before.source, news)
        entries = [orjson.dumps(after[one]).decode() for one in news]
        await store.scim.add_members(tx.conn, before.id, news, entries)
    return orjson.dumps([{**after[one], "value": str(one)} for one in sorted(after)]).decode()


def _entries(group: scim.Group) -> dict[UUID, dict[str, Any]]:
    """What was said of each member, without its id and its address. Raises InvalidValueException."""
    found = {}
    for member in group.members or []:
        said = member.model_dump(exclude={"value", "ref"}, exclude_none=True)
        try:
            found[UUID(member.value or "")] = said
        except ValueError as error:
            raise _unknown([str(member.value)]) from error
    return found


async def _refuse_unknown(tx: Tx, source: str, ids: list[UUID]) -> None:
    strangers = {*ids} - await store.scim.known(tx.conn, source, ids)
    if strangers:
        raise _unknown(sorted(str(one) for one in strangers))


def _unknown(ids: list[str]) -> scim.InvalidValueException:
    shown = ", ".join(ids[:5])
    return scim.InvalidValueException(detail=f"No user or group has the id {shown}: create members first.")

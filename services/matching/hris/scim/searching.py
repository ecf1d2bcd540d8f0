"""Finding resources: which statement answers a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import scim2_models as scim

from services.matching import store
from services.matching.core.scim import Kept, Slice, Wanted
from services.matching.hris.scim import filters, members
from services.matching.hris.scim.comparing import Kind
from shared.tx import Connection


@dataclass(frozen=True)
class Found:
    """A page before it is rendered. `total` counts all that was found."""

    total: int
    rows: list[Kept]


async def find(conn: Connection, source: str, kinds: Sequence[Kind], asked: scim.SearchRequest[Any]) -> Found:
    """One page. Raises InvalidFilterException."""
    listed = any(are_members_asked_for(kind, asked) for kind in kinds)
    descending = asked.sort_order == scim.SearchRequest.SortOrder.descending
    part = Slice(asked.start_index_0 or 0, asked.count, descending, listed)
    if len(kinds) == 1 and asked.sort_by is None:
        found = await _find_in_order(conn, source, kinds[0], (asked, part))
    else:
        found = await _search(conn, source, [_wanted(kind, asked) for kind in kinds], part)
    return replace(found, rows=await members.with_groups(conn, found.rows))


async def _find_in_order(
    conn: Connection, source: str, kind: Kind, what: tuple[scim.SearchRequest[Any], Slice]
) -> Found:
    """One kind in the order of ids; what identity providers ask most has statements of its own."""
    asked, part = what
    if kind.name != "User":
        return await _search(conn, source, [_wanted(kind, asked)], part)
    if asked.filter is None:
        rows = await store.scim.users(conn, source, part)
        return Found(await store.scim.total(conn, source, kind.name), rows)
    wanted, sought = _wanted(kind, asked), filters.compiled(kind, asked.filter)
    if wanted.may_ask_groups:
        return await _search(conn, source, [wanted], part)
    if sought.name is not None or sought.external_id is not None:
        rows = await _indexed(conn, source, sought)
        end = None if part.limit is None else part.offset + part.limit
        return Found(len(rows), rows[part.offset : end])
    rows = await store.scim.users_matching(conn, source, sought.path, part)
    if _is_all(rows, part):
        return Found(len(rows), rows)
    return Found(await store.scim.count_users(conn, source, sought.path), rows)


async def _indexed(conn: Connection, source: str, sought: filters.Sought) -> list[Kept]:
    if sought.name is not None:
        return await store.scim.users_named(conn, source, sought.name, sought.path)
    assert sought.external_id is not None
    return await store.scim.users_of_external_id(conn, source, sought.external_id, sought.path)


async def _search(conn: Connection, source: str, wanted: Sequence[Wanted], part: Slice) -> Found:
    rows = await store.scim.search(conn, source, wanted, part)
    if _is_all(rows, part):
        return Found(len(rows), rows)
    return Found(await store.scim.count(conn, source, wanted), rows)


def _is_all(rows: list[Kept], part: Slice) -> bool:
    return part.offset == 0 and (part.limit is None or len(rows) < part.limit)


def _wanted(kind: Kind, asked: scim.SearchRequest[Any]) -> Wanted:
    path = None if asked.filter is None else filters.compiled(kind, asked.filter).path
    order = filters.order(kind, asked)
    if order is None:
        return Wanted(kind.name, path)
    return Wanted(kind.name, path, order.primary, order.of_primary, order.of_first)


def are_members_asked_for(kind: Kind, asked: scim.ResponseParameters[Any]) -> bool:
    """Members can be many; whoever leaves them out does not wait for them."""
    if kind.name != "Group":
        return False
    named = {str(path).lower() for path in asked.attributes or ()}
    if named:
        return any("members" in path for path in named)
    return "members" not in {str(path).lower() for path in asked.excluded_attributes or ()}

"""Groups that identity providers keep here, and which role in which programme each stands for."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.matching import commands, core, store
from services.matching.core.scim import GroupRole, Listed
from shared import api, auth
from shared.errors import NotFound
from shared.events import ProgrammeId
from shared.tx import Connection

PREFIX = "/v1/hris/groups"

After = Annotated[UUID | None, Query(description="the id of the last group of the page before")]


class RoleIn(api.Body):
    programme_id: ProgrammeId
    role: core.ids.Role


class RoleOut(BaseModel):
    programme_id: ProgrammeId
    role: core.ids.Role


class GroupOut(BaseModel):
    """`members` counts users and groups; `stands_for` is empty as long as the group means nothing here."""

    group_id: UUID
    source: str
    display_name: str
    members: int
    stands_for: RoleOut | None


class Groups(BaseModel):
    """`next` is the `after` of the next page; empty on the last one."""

    items: list[GroupOut]
    next: UUID | None


class Mapped(BaseModel):
    """How many members were invited."""

    invited: int


async def list_groups(read: api.Reading, limit: api.Limit, after: After = None) -> Groups:
    found = await store.scim_groups.groups(read.conn, after=after, limit=limit + 1)
    items = [_group(one) for one in found[:limit]]
    return Groups(items=items, next=items[-1].group_id if len(found) > limit else None)


async def put_role(group_id: UUID, body: RoleIn, tx: api.InTx) -> Mapped:
    """The group stands for this role from now on. Members who do not take part in it are invited, and whoever
    leaves the group leaves the role; whoever took part by what it stood for before goes on."""
    programme = await store.programmes.get(tx.conn, body.programme_id)
    commands.enrolment.refuse_wrong_role(programme, [body.role])
    await _lock(tx.conn, group_id)
    stands_for = GroupRole(group_id, programme.id, body.role)
    await store.scim_groups.map_group(tx.conn, stands_for, tx.now)
    people = await store.scim_groups.people_of_group(tx.conn, group_id)
    return Mapped(invited=len(await commands.memberships.join(tx, stands_for, people)))


async def delete_role(group_id: UUID, tx: api.InTx) -> None:
    """The group stands for nothing any more. Whoever takes part goes on."""
    await _lock(tx.conn, group_id)
    await store.scim_groups.unmap_group(tx.conn, group_id)


async def _lock(conn: Connection, group_id: UUID) -> None:
    if not await store.scim_groups.lock_group(conn, group_id):
        raise NotFound(f"there is no group {group_id}: see the list of groups")


def _group(one: Listed) -> GroupOut:
    role = one.stands_for
    shown = None if role is None else RoleOut(programme_id=ProgrammeId(role.programme_id), role=role.role)
    return GroupOut(
        group_id=one.group_id,
        source=one.source,
        display_name=one.display_name,
        members=one.members,
        stands_for=shown,
    )


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(
        prefix=PREFIX, tags=["hris"], dependencies=[Depends(auth.requires("programmes:write"))]
    )
    writing.put("/{group_id}/role")(put_role)
    writing.delete("/{group_id}/role", status_code=204)(delete_role)
    reading = api.router(
        prefix=PREFIX, tags=["hris"], dependencies=[Depends(auth.requires("programmes:read"))]
    )
    reading.get("")(list_groups)
    return writing, reading

"""Who belongs to groups of identity providers, and which role in which programme a group stands for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId, ProgrammeId
from services.matching.core.scim import GroupRole, Listed
from shared.tx import Connection


async def add_members(
    conn: Connection, group_id: UUID, member_ids: Sequence[UUID], entries: Sequence[str]
) -> None:
    """Adds members, or replaces what was said of them."""
    await conn.execute(
        """
        INSERT INTO scim_member (group_id, member_id, entry)
        SELECT $1, member_id, entry FROM unnest($2::uuid[], $3::jsonb[]) AS new (member_id, entry)
        ON CONFLICT (group_id, member_id) DO UPDATE SET entry = excluded.entry
        """,
        group_id,
        member_ids,
        entries,
    )


async def remove_members(conn: Connection, group_id: UUID, member_ids: Sequence[UUID]) -> None:
    await conn.execute(
        "DELETE FROM scim_member WHERE group_id = $1 AND member_id = ANY ($2::uuid[])", group_id, member_ids
    )


async def kinds(conn: Connection, source: str, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What each of these resources of the source is."""
    rows = await conn.fetch(
        """
        SELECT id, kind FROM scim_resource
        WHERE source = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL
        """,
        source,
        ids,
    )
    return {row["id"]: row["kind"] for row in rows}


async def of_members(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The groups of each of these users who belongs to any: JSON as it is shown, in the order of ids."""
    rows = await conn.fetch(
        """
        SELECT m.member_id, jsonb_agg(jsonb_build_object(
                   'value', g.id, '$ref', 'Groups/' || g.id, 'display', g.resource -> 'displayName',
                   'type', 'direct') ORDER BY g.id) AS groups
        FROM scim_member m JOIN scim_resource g ON g.id = m.group_id
        WHERE m.member_id = ANY ($1::uuid[]) GROUP BY m.member_id
        """,
        ids,
    )
    return {row["member_id"]: row["groups"] for row in rows}


def _role(row: Record) -> GroupRole:
    return GroupRole(row["group_id"], ProgrammeId(row["programme_id"]), row["role"])


async def find_role(conn: Connection, group_id: UUID) -> GroupRole | None:
    """What a group stands for."""
    row = await conn.fetchrow(
        "SELECT group_id, programme_id, role FROM scim_group_role WHERE group_id = $1", group_id
    )
    return None if row is None else _role(row)


async def roles_of_member(conn: Connection, member_id: UUID) -> list[GroupRole]:
    """What the groups of a member stand for."""
    rows = await conn.fetch(
        """
        SELECT g.group_id, g.programme_id, g.role
        FROM scim_member m JOIN scim_group_role g USING (group_id) WHERE m.member_id = $1 ORDER BY g.group_id
        """,
        member_id,
    )
    return [_role(row) for row in rows]


async def roles_of_person(conn: Connection, programme_id: UUID, person_id: UUID) -> list[str]:
    """The roles in a programme that the groups of a person stand for."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT g.role
        FROM scim_resource r JOIN scim_member m ON m.member_id = r.id JOIN scim_group_role g USING (group_id)
        WHERE r.person_id = $2 AND g.programme_id = $1 ORDER BY g.role
        """,
        programme_id,
        person_id,
    )
    return [row["role"] for row in rows]


async def people_of_group(conn: Connection, group_id: UUID) -> list[PersonId]:
    rows = await conn.fetch(
        """
        SELECT DISTINCT r.person_id FROM scim_member m JOIN scim_resource r ON r.id = m.member_id
        WHERE m.group_id = $1 AND r.person_id IS NOT NULL
        """,
        group_id,
    )
    return [PersonId(row["person_id"]) for row in rows]


async def people_behind(conn: Connection, ids: Sequence[UUID]) -> list[PersonId]:
    """The people that these users are about."""
    rows = await conn.fetch(
        "SELECT DISTINCT person_id FROM scim_resource WHERE id = ANY ($1::uuid[]) AND person_id IS NOT NULL",
        ids,
    )
    return [PersonId(row["person_id"]) for row in rows]


async def groups(conn: Connection, *, after: UUID | None, limit: int) -> list[Listed]:
    """Groups of all sources in the order of ids."""
    rows = await conn.fetch(
        """
        SELECT r.id AS group_id, r.source, r.resource ->> 'displayName' AS display_name, g.programme_id,
               g.role, (SELECT count(*) FROM scim_member m WHERE m.group_id = r.id) AS members
        FROM scim_resource r LEFT JOIN scim_group_role g ON g.group_id = r.id
        WHERE r.kind = 'Group' AND r.deleted_at IS NULL AND ($1::uuid IS NULL OR r.id > $1)
        ORDER BY r.id LIMIT $2
        """,
        after,
        limit,
    )
    return [
        Listed(
            row["group_id"],
            row["source"],
            row["display_name"],
            row["members"],
            None if row["role"] is None else _role(row),
        )
        for row in rows
    ]


async def lock_group(conn: Connection, group_id: UUID) -> bool:
    """Whether there is such a group; nobody changes its members until the transaction ends."""
    found = await conn.fetchval(
        "SELECT id FROM scim_resource WHERE id = $1 AND kind = 'Group' AND deleted_at IS NULL FOR UPDATE",
        group_id,
    )
    return found is not None


async def map_group(conn: Connection, stands_for: GroupRole, at: datetime) -> None:
    await conn.execute(
        """
        INSERT INTO scim_group_role (group_id, programme_id, role, mapped_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (group_id) DO UPDATE
        SET programme_id = excluded.programme_id, role = excluded.role, mapped_at = excluded.mapped_at
        """,
        stands_for.group_id,
        stands_for.programme_id,
        stands_for.role,
        at,
    )


async def unmap_group(conn: Connection, group_id: UUID) -> None:
    await conn.execute("DELETE FROM scim_group_role WHERE group_id = $1", group_id)

"""Users and groups of identity providers. Filters come as jsonpath predicates: as parameters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId
from services.matching.core.scim import Kept, Slice, Wanted
from shared.tx import Connection


def _kept(row: Record) -> Kept:
    return Kept(
        id=row["id"],
        source=row["source"],
        kind=row["kind"],
        resource=row["resource"],
        name_key=row["name_key"],
        external_id=row["external_id"],
        person_id=None if row["person_id"] is None else PersonId(row["person_id"]),
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        members=row["members"],
        employee_number=row.get("employee_number"),
        status=row.get("status") or "",
    )


async def find(
    conn: Connection, source: str, kind: str, resource_id: UUID, *, members: bool = True
) -> Kept | None:
    row = await conn.fetchrow(
        """
        SELECT id, source, kind, resource, name_key, external_id, person_id, version, created_at, modified_at,
               CASE WHEN kind = 'Group' AND $4 THEN
                   (SELECT jsonb_agg(entry ORDER BY member_id)
                    FROM scim_member WHERE group_id = id) END AS members
        FROM scim_resource WHERE id = $3 AND source = $1 AND kind = $2 AND deleted_at IS NULL
        """,
        source,
        kind,
        resource_id,
        members,
    )
    return None if row is None else _kept(row)


async def find_locked(conn: Connection, source: str, kind: str, resource_id: UUID) -> Kept | None:
    """Until the transaction ends nobody else changes it."""
    row = await conn.fetchrow(
        """
        SELECT r.id, r.source, r.kind, r.resource, r.name_key, r.external_id, r.person_id, r.version,
               r.created_at, r.modified_at, p.employee_number, p.status, CASE WHEN r.kind = 'Group' THEN
                   (SELECT jsonb_agg(entry ORDER BY member_id)
                    FROM scim_member WHERE group_id = r.id) END AS members
        FROM scim_resource r LEFT JOIN person p ON p.id = r.person_id
        WHERE r.id = $3 AND r.source = $1 AND r.kind = $2 AND r.deleted_at IS NULL
        FOR UPDATE OF r
        """,
        source,
        kind,
        resource_id,
    )
    return None if row is None else _kept(row)


ADD = """
WITH added AS (
    INSERT INTO scim_resource (id, source, kind, resource, compared, name_key, external_id, person_id,
                               version, created_at, modified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (name_key, source) WHERE kind = 'User' AND deleted_at IS NULL DO NOTHING
    RETURNING id
), counted AS (
    INSERT INTO scim_tally (source, kind, slot, many)
    SELECT $2, $3, pg_backend_pid() % 32, 1 FROM added
    ON CONFLICT (source, kind, slot) DO UPDATE SET many = scim_tally.many + 1
)
SELECT id FROM added
"""


async def add(conn: Connection, kept: Kept, compared: str) -> bool:
    """False where the name of a user is taken. Counts it, too."""
    added = await conn.fetchval(
        ADD,
        kept.id,
        kept.source,
        kept.kind,
        kept.resource,
        compared,
        kept.name_key,
        kept.external_id,
        kept.person_id,
        kept.version,
        kept.created_at,
        kept.modified_at,
    )
    return added is not None


async def save(conn: Connection, kept: Kept, compared: str) -> None:
    """Raises UniqueViolationError where the name of a user is taken."""
    await conn.execute(
        """
        UPDATE scim_resource
        SET resource = $2, compared = $3, name_key = $4, external_id = $5, person_id = $6, version = $7,
            modified_at = $8
        WHERE id = $1
        """,
        kept.id,
        kept.resource,
        compared,
        kept.name_key,
        kept.external_id,
        kept.person_id,
        kept.version,
        kept.modified_at,
    )


async def delete(conn: Connection, kept: Kept, at: datetime) -> None:
    """What was sent is forgotten; that there was such a resource, and whose it was, is not."""
    await conn.execute(
        """
        WITH gone AS (
            UPDATE scim_resource SET resource = '{}', compared = '{}', name_key = '', deleted_at = $2,
                                     modified_at = $2
            WHERE id = $1 RETURNING source, kind
        ), left_groups AS (
            DELETE FROM scim_member WHERE member_id = $1 OR group_id = $1
        ), unmapped AS (
            DELETE FROM scim_group_role WHERE group_id = $1
        )
        INSERT INTO scim_tally (source, kind, slot, many)
        SELECT source, kind, pg_backend_pid() % 32, -1 FROM gone
        ON CONFLICT (source, kind, slot) DO UPDATE SET many = scim_tally.many - 1
        """,
        kept.id,
        at,
    )


async def total(conn: Connection, source: str, kind: str) -> int:
    return int(
        await conn.fetchval(
            "SELECT coalesce(sum(many), 0) FROM scim_tally WHERE source = $1 AND kind = $2", source, kind
        )
    )


async def users(conn: Connection, source: str, part: Slice) -> list[Kept]:
    """All of them in the order of ids, which is that of creation: pages stay disjoint."""
    rows = await conn.fetch(
        """
        SELECT id, source, kind, resource, name_key, external_id, person_id, version, created_at, modified_at,
               NULL AS members
        FROM scim_resource
        WHERE id = ANY (ARRAY(
            SELECT id FROM scim_resource WHERE source = $1 AND kind = 'User' AND deleted_at IS NULL
            ORDER BY id OFFSET $2 LIMIT $3))
        ORDER BY id
        """,
        source,
        part.offset,
        part.limit,
    )
    return [_kept(row) for row in rows]


async def users_named(conn: Connection, source: str, name_key: str, path: str) -> list[Kept]:
    rows = await conn.fetch(
        """
        SELECT id, source, kind, resource, name_key, external_id, person_id, version, created_at, modified_at,
               NULL AS members
        FROM scim_resource
        WHERE source = $1 AND name_key = $2 AND kind = 'User' AND deleted_at IS NULL
          AND compared @@ $3::jsonpath
        """,
        source,
        name_key,
        path,
    )
    return [_kept(row) for row in rows]


async def users_of_external_id(conn: Connection, source: str, external_id: str, path: str) -> list[Kept]:
    """In the order of ids; nothing keeps a provider from saying one external id twice."""
    rows = await conn.fetch(
        """
        SELECT id, source, kind, resource, name_key, external_id, person_id, version, created_at, modified_at,
               NULL AS members
        FROM scim_resource
        WHERE source = $1 AND external_id = $2 AND kind = 'User' AND deleted_at IS NULL
          AND compared @@ $3::jsonpath
        ORDER BY id
        """,
        source,
        external_id,
        path,
    )
    return [_kept(row) for row in rows]


async def users_matching(conn: Connection, source: str, path: str, part: Slice) -> list[Kept]:
    rows = await conn.fetch(
        """
        SELECT id, source, kind, resource, name_key, external_id, person_id, version, created_at, modified_at,
               NULL AS members
        FROM scim_resource
        WHERE source = $1 AND kind = 'User' AND deleted_at IS NULL AND compared @@ $2::jsonpath
        ORDER BY id OFFSET $3 LIMIT $4
        """,
        source,
        path,
        part.offset,
        part.limit,
    )
    return [_kept(row) for row in rows]


async def count_users(conn: Connection, source: str, path: str) -> int:
    return int(
        await conn.fetchval(
            """
            SELECT count(*) FROM scim_resource
            WHERE source = $1 AND kind = 'User' AND deleted_at IS NULL AND compared @@ $2::jsonpath
            """,
            source,
            path,
        )
    )


SEARCH = """
WITH found AS (
    SELECT r.id, CASE WHEN r.compared @? w.primary_path::jsonpath
                 THEN jsonb_path_query_first(r.compared, w.of_primary::jsonpath)
                 ELSE jsonb_path_query_first(r.compared, w.of_first::jsonpath) END #>> '{}' AS key
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         AS w (kind, path, primary_path, of_primary, of_first)
    JOIN (
        SELECT id, kind, CASE WHEN kind = 'Group' THEN compared || coalesce(
            (SELECT jsonb_build_object('members', jsonb_agg(lower(entry::text)::jsonb))
             FROM scim_member WHERE group_id = s.id HAVING count(*) > 0), '{}')
            WHEN $11 THEN compared || coalesce(
            (SELECT jsonb_build_object('groups', jsonb_agg(jsonb_build_object(
                 'value', g.id, 'display', g.compared -> 'displayName', '$ref', 'Groups/' || g.id,
                 'type', 'direct') ORDER BY g.id))
             FROM scim_member m JOIN scim_resource g ON g.id = m.group_id
             WHERE m.member_id = s.id HAVING count(*) > 0), '{}')
            ELSE compared END AS compared
        FROM scim_resource s WHERE source = $1 AND kind = ANY ($2::text[]) AND deleted_at IS NULL
    ) r USING (kind)
    WHERE w.path IS NULL OR r.compared @@ w.path::jsonpath
), part AS (
    SELECT id, row_number() OVER (
        ORDER BY CASE WHEN $9 THEN key END COLLATE "C" DESC NULLS FIRST,
                 CASE WHEN NOT $9 THEN key END COLLATE "C" NULLS LAST, id) AS place
    FROM found ORDER BY place OFFSET $7 LIMIT $8
)
SELECT r.id, r.source, r.kind, r.resource, r.name_key, r.external_id, r.person_id, r.version,
       r.created_at, r.modified_at,
       CASE WHEN r.kind = 'Group' AND $10 THEN
           (SELECT jsonb_agg(entry ORDER BY member_id)
            FROM scim_member WHERE group_id = r.id) END AS members
FROM part JOIN scim_resource r USING (id) ORDER BY part.place
"""


async def search(conn: Connection, source: str, wanted: Sequence[Wanted], part: Slice) -> list[Kept]:
    """The most general question: several kinds, members of groups compared, sorted by anything.

    Texts are in the order of their code points; without a value is last, or first where it goes down.
    """
    rows = await conn.fetch(
        SEARCH,
        source,
        [one.kind for one in wanted],
        [one.path for one in wanted],
        [one.primary for one in wanted],
        [one.of_primary for one in wanted],
        [one.of_first for one in wanted],
        part.offset,
        part.limit,
        part.descending,
        part.members,
        any(one.may_ask_groups for one in wanted),
    )
    return [_kept(row) for row in rows]


async def count(conn: Connection, source: str, wanted: Sequence[Wanted]) -> int:
    return int(
        await conn.fetchval(
            """
            SELECT count(*)
            FROM unnest($2::text[], $3::text[]) AS w (kind, path)
            JOIN (
                SELECT kind, CASE WHEN kind = 'Group' THEN compared || coalesce(
                    (SELECT jsonb_build_object('members', jsonb_agg(lower(entry::text)::jsonb))
                     FROM scim_member WHERE group_id = s.id HAVING count(*) > 0), '{}')
                    WHEN $4 THEN compared || coalesce(
                    (SELECT jsonb_build_object('groups', jsonb_agg(jsonb_build_object(
                         'value', g.id, 'display', g.compared -> 'displayName', '$ref', 'Groups/' || g.id,
                         'type', 'direct') ORDER BY g.id))
                     FROM scim_member m JOIN scim_resource g ON g.id = m.group_id
                     WHERE m.member_id = s.id HAVING count(*) > 0), '{}')
                    ELSE compared END AS compared
                FROM scim_resource s WHERE source = $1 AND kind = ANY ($2::text[]) AND deleted_at IS NULL
            ) r USING (kind)
            WHERE w.path IS NULL OR r.compared @@ w.path::jsonpath
            """,
            source,
            [one.kind for one in wanted],
            [one.path for one in wanted],
            any(one.may_ask_groups for one in wanted),
        )
    )


async def find_called(conn: Connection, source: str, value: str, place: UUID | None) -> Kept | None:
    """The user that a provider calls by a value: its SCIM id (`place`), else its external id or its name."""
    row = await conn.fetchrow(
        """
        WITH called AS (
            SELECT 1 AS rank, id FROM scim_resource WHERE id = $3 AND source = $1 AND kind = 'User'
            UNION ALL
            SELECT 2, id FROM scim_resource
            WHERE external_id = $2 AND source = $1 AND kind = 'User' AND deleted_at IS NULL
            UNION ALL
            SELECT 3, id FROM scim_resource
            WHERE name_key = lower($2) AND source = $1 AND kind = 'User' AND deleted_at IS NULL
            ORDER BY 1 LIMIT 1
        )
        SELECT r.id, r.source, r.kind, r.resource, r.name_key, r.external_id, r.person_id, r.version,
               r.created_at, r.modified_at, p.employee_number, p.status, NULL AS members
        FROM called JOIN scim_resource r USING (id) LEFT JOIN person p ON p.id = r.person_id
        """,
        source,
        value,
        place,
    )
    return None if row is None else _kept(row)

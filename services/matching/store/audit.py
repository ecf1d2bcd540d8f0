"""What was changed, by whom: entries are written by triggers, sealed by a function, and only read here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.audit import Entry
from shared.tx import Connection


def _entry(row: Record) -> Entry:
    return Entry(**dict(row))


async def seal(conn: Connection, rows_max: int) -> int:
    """Seals the oldest entries that are not; returns how many."""
    many: int = await conn.fetchval("SELECT seal_audit($1)", rows_max)
    return many


async def head(conn: Connection) -> tuple[int, bytes] | None:
    """The last place of the chain and its link."""
    row = await conn.fetchrow(
        "SELECT position, link FROM audit_entry WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1"
    )
    return None if row is None else (row["position"], row["link"])


async def link_at(conn: Connection, position: int) -> bytes | None:
    link: bytes | None = await conn.fetchval("SELECT link FROM audit_entry WHERE position = $1", position)
    return link


async def unsealed(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT count(*) FROM audit_entry WHERE position IS NULL"))


async def chain(conn: Connection, after: int, limit: int) -> list[Entry]:
    """Sealed entries in the order of their places, those after one."""
    rows = await conn.fetch(
        """
        SELECT id, at, actor, action, subject, key, person_id, partner_id, salt, payload, position, digest,
               link
        FROM audit_entry WHERE position > $1 ORDER BY position LIMIT $2
        """,
        after,
        limit,
    )
    return [_entry(row) for row in rows]


async def notes_of_forgetting(conn: Connection) -> list[Entry]:
    rows = await conn.fetch(
        """
        SELECT id, at, actor, action, subject, key, person_id, partner_id, salt, payload, position, digest,
               link
        FROM audit_entry WHERE action = 'forget'
        """
    )
    return [_entry(row) for row in rows]


async def page(
    conn: Connection,
    *,
    person_id: UUID | None,
    subjects: Sequence[str],
    before: int | None,
    limit: int,
) -> list[Entry]:
    """The newest entries first: about one person or anything, of some tables or of all."""
    rows = await conn.fetch(
        """
        SELECT id, at, actor, action, subject, key, person_id, partner_id, salt, payload, position, digest,
               link
        FROM audit_entry
        WHERE ($1::uuid IS NULL OR person_id = $1 OR partner_id = $1)
          AND ($2::text[] = '{}' OR subject = ANY($2)) AND ($3::bigint IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,
        person_id,
        subjects,
        before,
        limit,
    )
    return [_entry(row) for row in rows]


async def forget_before(conn: Connection, moment: datetime) -> int:
    """Empties sealed entries from before a moment (wall time); returns how many."""
    many: int = await conn.fetchval("SELECT forget_audit_before($1)", moment)
    return many

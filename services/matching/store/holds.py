"""Rows of holds: so many people ended at once that an administrator looks first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.guard import Hold
from services.matching.core.ids import PersonId
from services.matching.core.people import Person
from services.matching.store.people import person_of
from shared.errors import NotFound
from shared.tx import Connection

SHOWN_MAX = 200


def _hold(row: Record) -> Hold:
    return Hold(
        id=row["id"],
        source=row["source"],
        state=row["state"],
        people_max=row["people_max"],
        opened_at=row["opened_at"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
    )


async def lock_source(conn: Connection, source: str) -> None:
    """Who is ended by a source is counted by one transaction at a time."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('hris guard ' || $1::text, 0))", source)


async def find_open(conn: Connection, source: str) -> Hold | None:
    row = await conn.fetchrow(
        """
        SELECT id, source, state, people_max, opened_at, decided_at, decided_by
        FROM hris_hold WHERE source = $1 AND state = 'open'
        """,
        source,
    )
    return None if row is None else _hold(row)


async def get_locked(conn: Connection, hold_id: UUID) -> Hold:
    row = await conn.fetchrow(
        """
        SELECT id, source, state, people_max, opened_at, decided_at, decided_by
        FROM hris_hold WHERE id = $1 FOR UPDATE
        """,
        hold_id,
    )
    if row is None:
        raise NotFound(f"there is no hold {hold_id}")
    return _hold(row)


async def page(conn: Connection, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Hold]:
    """In the order in which they were opened."""
    rows = await conn.fetch(
        """
        SELECT id, source, state, people_max, opened_at, decided_at, decided_by
        FROM hris_hold WHERE $1::timestamptz IS NULL OR (opened_at, id) > ($1, $2::uuid)
        ORDER BY opened_at, id LIMIT $3
        """,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_hold(row) for row in rows]


async def open_ones(conn: Connection) -> list[Hold]:
    """At most one of each source, in the order in which they were opened."""
    rows = await conn.fetch(
        """
        SELECT id, source, state, people_max, opened_at, decided_at, decided_by
        FROM hris_hold WHERE state = 'open' ORDER BY opened_at, id
        """
    )
    return [_hold(row) for row in rows]


async def are_open(conn: Connection, holds: Sequence[UUID]) -> set[UUID]:
    """Those of the holds that nobody has decided yet."""
    rows = await conn.fetch("SELECT id FROM hris_hold WHERE id = ANY($1::uuid[]) AND state = 'open'", holds)
    return {row["id"] for row in rows}


async def add(conn: Connection, hold: Hold) -> None:
    await conn.execute(
        "INSERT INTO hris_hold (id, source, state, people_max, opened_at) VALUES ($1, $2, $3, $4, $5)",
        hold.id,
        hold.source,
        hold.state,
        hold.people_max,
        hold.opened_at,
    )


async def decide(conn: Connection, hold: Hold) -> None:
    await conn.execute(
        "UPDATE hris_hold SET state = $2, decided_at = $3, decided_by = $4 WHERE id = $1",
        hold.id,
        hold.state,
        hold.decided_at,
        hold.decided_by,
    )


async def ended_since(conn: Connection, source: str, since: datetime, *, besides: Sequence[UUID]) -> int:
    """How many others a source has ended since then."""
    many: int = await conn.fetchval(
        """
        SELECT count(DISTINCT person_id) FROM hris_fact
        WHERE source = $1 AND applied_at > $2 AND kind IN ('inactive', 'termination') AND state = 'applied'
          AND NOT person_id = ANY($3::uuid[])
        """,
        source,
        since,
        besides,
    )
    return many


async def people_there(conn: Connection) -> int:
    """How many people have access now. It looks at all of them: asked only when a few have been ended."""
    many: int = await conn.fetchval("SELECT count(*) FROM person WHERE status IN ('active', 'leave')")
    return many


async def people_of(conn: Connection, hold_id: UUID) -> list[PersonId]:
    rows = await conn.fetch("SELECT DISTINCT person_id FROM hris_fact WHERE hold_id = $1", hold_id)
    return [row["person_id"] for row in rows]


async def who(conn: Connection, hold_id: UUID) -> list[Person]:
    """Whom a hold is about, in the order of their employee numbers: a screenful of them."""
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool
        FROM person WHERE id IN (SELECT person_id FROM hris_fact WHERE hold_id = $1)
        ORDER BY length(employee_number), employee_number LIMIT $2
        """,
        hold_id,
        SHOWN_MAX,
    )
    return [person_of(row) for row in rows]

"""Rows of people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId
from services.matching.core.people import Card, Person, name_key
from shared import events
from shared.errors import NotFound
from shared.tx import Connection


def person_of(row: Record) -> Person:
    """Of a row that has every column of a card."""
    card = Card(
        employee_number=row["employee_number"],
        user_name=row["user_name"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        work_email=row["work_email"],
        title=row["title"],
        department=row["department"],
        site=row["site"],
        time_zone=row["time_zone"],
        manager_employee_number=row["manager_employee_number"],
        hire_date=row["hire_date"],
        status=row["status"],
        pool=row["pool"],
    )
    return Person(
        id=PersonId(row["id"]),
        card=card,
        manager_id=row["manager_id"],
        effective_date=row["effective_date"],
        version=row["version"],
        created_at=row["created_at"],
    )


async def lock_roster(conn: Connection) -> None:
    """One import at a time, until the transaction ends: it decides by what everybody looks like."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('matching roster'))")


async def touched_by(
    conn: Connection, numbers: Sequence[str], user_names: Iterable[str], emails: Iterable[str]
) -> list[Person]:
    """Who is named by number, user name or address, and whose missing manager is named. A name or address is
    not kept by who has left."""
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool
        FROM person
        WHERE employee_number = ANY($1::text[])
           OR (user_name_key = ANY($2::text[]) AND status <> 'terminated')
           OR (work_email_key = ANY($3::text[]) AND status <> 'terminated')
           OR (manager_id IS NULL AND manager_employee_number = ANY($1::text[]))
        """,
        numbers,
        [name_key(name) for name in user_names],
        [name_key(email) for email in emails],
    )
    return [person_of(row) for row in rows]


async def find(conn: Connection, person_id: UUID) -> Person | None:
    found = await by_ids(conn, [person_id])
    return found[0] if found else None


async def has_access(conn: Connection, person_id: UUID) -> bool:
    """Whether the person's links open; nobody's who is not known."""
    status: str | None = await conn.fetchval("SELECT status FROM person WHERE id = $1", person_id)
    return status in events.WITH_ACCESS


async def get(conn: Connection, person_id: UUID) -> Person:
    person = await find(conn, person_id)
    if person is None:
        raise NotFound(f"there is no person {person_id}")
    return person


async def by_ids(conn: Connection, ids: Sequence[UUID]) -> list[Person]:
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool
        FROM person WHERE id = ANY($1::uuid[])
        """,
        ids,
    )
    return await asyncio.to_thread(lambda: [person_of(row) for row in rows])


async def versions(conn: Connection, programme_id: UUID) -> dict[PersonId, int]:
    """The version of everybody who takes part in a programme."""
    rows = await conn.fetch(
        """
        SELECT id, version FROM person
        WHERE id IN (SELECT person_id FROM participation WHERE programme_id = $1)
        """,
        programme_id,
    )
    return {row["id"]: row["version"] for row in rows}


async def by_numbers(conn: Connection, numbers: Sequence[str]) -> dict[str, Person]:
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool
        FROM person WHERE employee_number = ANY($1::text[])
        """,
        numbers,
    )
    return {row["employee_number"]: person_of(row) for row in rows}


async def page(conn: Connection, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Person]:
    """At most `limit` people in order of (created_at, id), those after the key."""
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool
        FROM person
        WHERE $1::timestamptz IS NULL OR (created_at, id) > ($1, $2::uuid)
        ORDER BY created_at, id LIMIT $3
        """,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [person_of(row) for row in rows]


async def managers(conn: Connection) -> dict[str, str | None]:
    """Everybody's manager, by employee numbers; the manager may be unknown here. Circles are left out."""
    rows = await conn.fetch(
        """
        SELECT employee_number, CASE WHEN manager_cut_id IS NULL THEN manager_employee_number END
                   AS manager_employee_number
        FROM person
        """
    )
    return {row["employee_number"]: row["manager_employee_number"] for row in rows}

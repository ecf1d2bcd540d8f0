"""Who reports to whom, as it was said: also what is left out because it would close a circle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId
from services.matching.core.lines import Named
from services.matching.core.people import Person
from services.matching.store.people import person_of
from shared.tx import Connection

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN_MAX = 500


def _named(row: Record) -> Named:
    return Named(row["named_id"], row["manager_said_at"] or LONG_AGO, row["employee_number"])


async def above(conn: Connection, people: Sequence[UUID]) -> dict[PersonId, Named]:
    """Whom these people and everybody above them name as manager. They are looked up one by one (that is what
    OFFSET 0 is for): the planner would take them for so many that it reads the whole table."""
    rows = await conn.fetch(
        """
        WITH RECURSIVE above AS (
            SELECT id, coalesce(manager_id, manager_cut_id) AS named_id, manager_said_at, employee_number
            FROM person WHERE id = ANY($1::uuid[])
            UNION
            SELECT p.id, p.named_id, p.manager_said_at, p.employee_number
            FROM above a CROSS JOIN LATERAL (
                SELECT id, coalesce(manager_id, manager_cut_id) AS named_id, manager_said_at, employee_number
                FROM person WHERE id = a.named_id OFFSET 0) AS p
        )
        SELECT id, named_id, manager_said_at, employee_number FROM above WHERE named_id IS NOT NULL
        """,
        people,
    )
    return {row["id"]: _named(row) for row in rows}


async def left_out(conn: Connection) -> list[PersonId]:
    """Whose manager is left out now."""
    rows = await conn.fetch("SELECT id FROM person WHERE manager_cut_id IS NOT NULL ORDER BY id")
    return [row["id"] for row in rows]


async def circles(conn: Connection) -> list[tuple[Person, str]]:
    """Whose manager is left out, with the number of who was named; a screenful of them."""
    rows = await conn.fetch(
        """
        SELECT p.id, p.employee_number, p.user_name, p.given_name, p.family_name, p.work_email, p.title,
               p.department, p.site, p.time_zone, p.manager_employee_number, p.manager_id, p.hire_date,
               p.status, p.effective_date, p.version, p.created_at, p.pool, b.employee_number AS boss
        FROM person p JOIN person b ON b.id = p.manager_cut_id
        WHERE p.manager_cut_id IS NOT NULL ORDER BY length(p.employee_number), p.employee_number LIMIT $1
        """,
        SHOWN_MAX,
    )
    return [(person_of(row), row["boss"]) for row in rows]

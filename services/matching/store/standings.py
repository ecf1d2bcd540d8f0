"""Rows of people with how they stand, locked for whoever takes facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId
from services.matching.core.meeting import Someone
from services.matching.core.people import name_key
from services.matching.core.standing import Boss, Standing
from services.matching.store.people import person_of
from shared.errors import NotFound
from shared.tx import Connection


def _someone(row: Record) -> Someone:
    standing = Standing(
        status=row["status"],
        leave_from=row["leave_from"],
        leave_until=row["leave_until"],
        inactive_on=row["inactive_on"],
        grace_until=row["grace_until"],
        terminated_on=row["terminated_on"],
        erase_asked=row["erase_asked"],
    )
    boss = None
    if row["manager_said_at"] is not None:
        external_id = row["manager_external_id"]
        number = None if external_id else row["manager_employee_number"]
        boss = Boss(number, row["manager_source"], external_id, row["manager_said_at"])
    return Someone(person_of(row), standing, row["due_at"], boss, row["manager_cut_id"])


async def lock(
    conn: Connection, *, numbers: Sequence[str] = (), ids: Sequence[UUID] = (), emails: Sequence[str] = ()
) -> list[Someone]:
    """Who has one of these numbers, ids or addresses, theirs alone until the transaction ends; whoever has
    left is not found by their address."""
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool, leave_from, leave_until, inactive_on, grace_until, terminated_on,
               erase_asked, due_at, manager_source, manager_external_id, manager_said_at, manager_cut_id
        FROM person
        WHERE employee_number = ANY($1::text[]) OR id = ANY($2::uuid[])
           OR (work_email_key = ANY($3::text[]) AND status <> 'terminated')
        ORDER BY id FOR NO KEY UPDATE
        """,
        numbers,
        ids,
        emails,
    )
    return [_someone(row) for row in rows]


async def get(conn: Connection, person_id: UUID) -> Someone:
    """Raises NotFound."""
    row = await conn.fetchrow(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool, leave_from, leave_until, inactive_on, grace_until, terminated_on,
               erase_asked, due_at, manager_source, manager_external_id, manager_said_at, manager_cut_id
        FROM person WHERE id = $1
        """,
        person_id,
    )
    if row is None:
        raise NotFound(f"there is no person {person_id}")
    return _someone(row)


async def lock_due(conn: Connection, now: datetime, limit: int) -> list[Someone]:
    """Those who stand otherwise by now, because a day has begun or is over."""
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool, leave_from, leave_until, inactive_on, grace_until, terminated_on,
               erase_asked, due_at, manager_source, manager_external_id, manager_said_at, manager_cut_id
        FROM person WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE
        """,
        now,
        limit,
    )
    return [_someone(row) for row in rows]


async def lock_without_manager(
    conn: Connection, numbers: Sequence[str], keys: Sequence[tuple[str, str]]
) -> list[Someone]:
    """Whose manager was nobody known so far and has one of these numbers or keys."""
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool, leave_from, leave_until, inactive_on, grace_until, terminated_on,
               erase_asked, due_at, manager_source, manager_external_id, manager_said_at, manager_cut_id
        FROM person
        WHERE manager_id IS NULL
          AND (manager_employee_number = ANY($1::text[])
               OR (manager_source, manager_external_id) IN
                  (SELECT source, external_id FROM unnest($2::text[], $3::text[]) AS n (source, external_id)))
        ORDER BY id FOR NO KEY UPDATE
        """,
        numbers,
        [source for source, _ in keys],
        [external_id for _, external_id in keys],
    )
    return [_someone(row) for row in rows]


async def named_alike(
    conn: Connection, numbers: Sequence[str], user_names: Sequence[str], emails: Sequence[str]
) -> list[Someone]:
    """Who has one of these numbers, or is here under one of these user names or addresses (without case)."""
    rows = await conn.fetch(
        """
        SELECT id, employee_number, user_name, given_name, family_name, work_email, title, department, site,
               time_zone, manager_employee_number, manager_id, hire_date, status, effective_date, version,
               created_at, pool, leave_from, leave_until, inactive_on, grace_until, terminated_on,
               erase_asked, due_at, manager_source, manager_external_id, manager_said_at, manager_cut_id
        FROM person
        WHERE employee_number = ANY($1::text[])
           OR (user_name_key = ANY($2::text[]) AND status <> 'terminated')
           OR (work_email_key = ANY($3::text[]) AND status <> 'terminated')
        """,
        numbers,
        user_names,
        emails,
    )
    return [_someone(row) for row in rows]


async def ids_of_numbers(conn: Connection, numbers: Sequence[str]) -> dict[str, PersonId]:
    rows = await conn.fetch(
        "SELECT employee_number, id FROM person WHERE employee_number = ANY($1::text[])", numbers
    )
    return {row["employee_number"]: row["id"] for row in rows}


async def numbers_of(conn: Connection, ids: Sequence[UUID]) -> dict[PersonId, str]:
    rows = await conn.fetch("SELECT id, employee_number FROM person WHERE id = ANY($1::uuid[])", ids)
    return {row["id"]: row["employee_number"] for row in rows}


async def alone(conn: Connection, names: Sequence[str]) -> None:
    """Nobody else gives these names to somebody until the transaction ends; nobody imports a file of people
    meanwhile. In the order of the names: two who want the same never wait for each other."""
    await conn.execute(
        """
        SELECT pg_advisory_xact_lock_shared(hashtext('matching roster')),
               (SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0)))
                FROM (SELECT name FROM unnest($1::text[]) AS n (name) ORDER BY name) AS sorted)
        """,
        names,
    )


SAVE = """
INSERT INTO person (id, employee_number, user_name, user_name_key, given_name, family_name, work_email,
                    work_email_key, title, department, site, time_zone, manager_employee_number, manager_id,
                    hire_date, status, effective_date, version, created_at, pool, leave_from, leave_until,
                    inactive_on, grace_until, terminated_on, erase_asked, due_at, manager_source,
                    manager_external_id, manager_said_at, manager_cut_id)
SELECT id, employee_number, user_name, user_name_key, given_name, family_name, work_email, work_email_key,
       title, department, site, time_zone, manager_employee_number, manager_id, hire_date, status,
       effective_date, version, created_at, pool, leave_from, leave_until, inactive_on, grace_until,
       terminated_on, erase_asked, due_at, manager_source, manager_external_id, manager_said_at,
       manager_cut_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[], $15::date[],
            $16::text[], $17::date[], $18::int[], $19::timestamptz[], $20::text[], $21::date[], $22::date[],
            $23::date[], $24::date[], $25::date[], $26::bool[], $27::timestamptz[], $28::text[], $29::text[],
            $30::timestamptz[], $31::uuid[])
     AS new (id, employee_number, user_name, user_name_key, given_name, family_name, work_email,
             work_email_key, title, department, site, time_zone, manager_employee_number, manager_id,
             hire_date, status, effective_date, version, created_at, pool, leave_from, leave_until,
             inactive_on, grace_until, terminated_on, erase_asked, due_at, manager_source,
             manager_external_id, manager_said_at, manager_cut_id)
ON CONFLICT (id) DO UPDATE SET
    employee_number = excluded.employee_number, user_name = excluded.user_name,
    user_name_key = excluded.user_name_key, given_name = excluded.given_name,
    family_name = excluded.family_name, work_email = excluded.work_email,
    work_email_key = excluded.work_email_key, title = excluded.title, department = excluded.department,
    site = excluded.site, time_zone = excluded.time_zone,
    manager_employee_number = excluded.manager_employee_number, manager_id = excluded.manager_id,
    hire_date = excluded.hire_date, status = excluded.status, effective_date = excluded.effective_date,
    version = excluded.version, pool = excluded.pool, leave_from = excluded.leave_from,
    leave_until = excluded.leave_until, inactive_on = excluded.inactive_on,
    grace_until = excluded.grace_until, terminated_on = excluded.terminated_on,
    erase_asked = excluded.erase_asked, due_at = excluded.due_at, manager_source = excluded.manager_source,
    manager_external_id = excluded.manager_external_id, manager_said_at = excluded.manager_said_at,
    manager_cut_id = excluded.manager_cut_id
"""


async def save(conn: Connection, people: Iterable[Someone]) -> None:
    """Adds or replaces any number of people with one statement; those who were there are locked."""
    columns = zip(*(_columns(one) for one in people), strict=True)
    await conn.execute(SAVE, *(list(column) for column in columns))


COLUMNS = (
    *("id", "employee_number", "user_name", "user_name_key", "given_name", "family_name", "work_email"),
    *("work_email_key", "title", "department", "site", "time_zone", "manager_employee_number", "manager_id"),
    *("hire_date", "status", "effective_date", "version", "created_at", "pool", "leave_from", "leave_until"),
    *("inactive_on", "grace_until", "terminated_on", "erase_asked", "due_at", "manager_source"),
    *("manager_external_id", "manager_said_at", "manager_cut_id"),
)


async def add_many(conn: Connection, people: Iterable[Someone]) -> None:
    """Adds people who are new, by COPY: of many it takes half the time of a statement."""
    await conn.copy_records_to_table("person", records=map(_columns, people), columns=COLUMNS)


def _columns(one: Someone) -> tuple[Any, ...]:
    """In the order of the statement's parameters, and of COLUMNS."""
    person, card, how, boss = one.person, one.person.card, one.standing, one.boss
    return (
        person.id,
        card.employee_number,
        card.user_name,
        name_key(card.user_name),
        card.given_name,
        card.family_name,
        card.work_email,
        name_key(card.work_email),
        card.title,
        card.department,
        card.site,
        card.time_zone,
        card.manager_employee_number,
        person.manager_id,
        card.hire_date,
        card.status,
        person.effective_date,
        person.version,
        person.created_at,
        card.pool,
        how.leave_from,
        how.leave_until,
        how.inactive_on,
        how.grace_until,
        how.terminated_on,
        how.erase_asked,
        one.due_at,
        boss.source if boss else None,
        boss.external_id if boss else None,
        boss.said_at if boss else None,
        one.cut_id,
    )

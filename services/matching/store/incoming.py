"""What the desk shows of people as they come in: sources, what is held or rejected, and whose facts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId
from shared.tx import Connection

STATES = ("applied", "waiting", "superseded", "held", "rejected", "cancelled")


@dataclass(frozen=True)
class Line:
    """A fact as it is listed. `name` is empty where it is not about anybody known, `number` what it calls
    them."""

    source: str
    event_id: str
    kind: str
    person_id: PersonId | None
    name: str
    number: str
    state: str
    field: str
    reason: str
    fields: Mapping[str, str | None]
    effective_on: object
    until: object
    said_at: datetime | None
    received_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class Found:
    """Somebody who was looked for."""

    id: PersonId
    name: str
    employee_number: str
    title: str
    department: str
    status: str


@dataclass(frozen=True)
class Hold:
    """Endings that wait for an administrator: how many facts, about how many people."""

    id: UUID
    source: str
    opened_at: datetime
    people_max: int
    facts: int
    people: int
    names: Sequence[str] = field(default=())


def _line(row: Record) -> Line:
    return Line(**{**dict(row), "fields": json.loads(row["fields"])})


async def counts(conn: Connection, since: datetime) -> dict[str, dict[str, int]]:
    """By source, how many facts came in since then, by what became of them."""
    rows = await conn.fetch(
        """
        SELECT source, state, count(*)::int AS many FROM hris_fact WHERE received_at >= $1
        GROUP BY source, state
        """,
        since,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["source"], {})[row["state"]] = row["many"]
    return found


async def in_state(conn: Connection, state: str, limit: int) -> list[Line]:
    """The facts that are held, or were rejected, the newest first."""
    rows = await conn.fetch(
        """
        SELECT f.source, f.event_id, f.kind, f.person_id, f.state, f.field, f.reason, f.fields,
               f.effective_on, f.until, f.said_at, f.received_at, f.due_at,
               coalesce(trim(p.given_name || ' ' || p.family_name), '') AS name,
               coalesce(f.employee_number, f.external_id, f.work_email, '') AS number
        FROM hris_fact f LEFT JOIN person p ON p.id = f.person_id
        WHERE f.state = $1 AND f.state IN ('held', 'rejected', 'waiting')
        ORDER BY f.arrival DESC LIMIT $2
        """,
        state,
        limit,
    )
    return [_line(row) for row in rows]


async def of_person(conn: Connection, person_id: UUID, limit: int) -> list[Line]:
    """All that was ever said about somebody, the newest first."""
    rows = await conn.fetch(
        """
        SELECT f.source, f.event_id, f.kind, f.person_id, f.state, f.field, f.reason, f.fields,
               f.effective_on, f.until, f.said_at, f.received_at, f.due_at, '' AS name,
               coalesce(f.employee_number, f.external_id, f.work_email, '') AS number
        FROM hris_fact f WHERE f.person_id = $1 ORDER BY f.arrival DESC LIMIT $2
        """,
        person_id,
        limit,
    )
    return [_line(row) for row in rows]


async def holds(conn: Connection, names_max: int) -> list[Hold]:
    """What the guard holds back now, with the first of the people it is about."""
    rows = await conn.fetch(
        """
        SELECT h.id, h.source, h.opened_at, h.people_max, count(f.event_id)::int AS facts,
               count(DISTINCT f.person_id)::int AS people,
               coalesce((array_agg(DISTINCT trim(p.given_name || ' ' || p.family_name))
                         FILTER (WHERE p.id IS NOT NULL))[1:$1], '{}') AS names
        FROM hris_hold h LEFT JOIN hris_fact f ON f.hold_id = h.id LEFT JOIN person p ON p.id = f.person_id
        WHERE h.state = 'open'
        GROUP BY h.id ORDER BY h.opened_at
        """,
        names_max,
    )
    return [Hold(**dict(row)) for row in rows]


async def search(conn: Connection, text: str, limit: int) -> list[Found]:
    """People whose names, address or number begin like that."""
    rows = await conn.fetch(
        """
        SELECT id, trim(given_name || ' ' || family_name) AS name, employee_number, title, department, status
        FROM person
        WHERE lower(family_name) LIKE $1 OR lower(given_name) LIKE $1 OR work_email_key LIKE $1
           OR employee_number LIKE $2
        ORDER BY family_name, given_name, employee_number LIMIT $3
        """,
        _beginning(text.lower()),
        _beginning(text),
        limit,
    )
    return [Found(**dict(row)) for row in rows]


def _beginning(text: str) -> str:
    """A pattern of LIKE; what is typed stands for itself."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"

"""What the desk shows of people as they come in: how much came today, and who is called like that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.matching.core.ids import PersonId
from shared.tx import Connection


@dataclass(frozen=True)
class Found:
    """Somebody who was looked for."""

    id: PersonId
    name: str
    employee_number: str
    title: str
    department: str
    status: str


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


async def search(conn: Connection, text: str, limit: int) -> Sequence[Found]:
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

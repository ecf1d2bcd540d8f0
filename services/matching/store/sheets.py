"""Rows for spreadsheets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from shared.tx import Connection


@dataclass(frozen=True)
class Line:
    """A pair with names; `plain` are the cells up to the reasons."""

    plain: tuple[object, ...]
    reasons: tuple[str, ...]
    not_given: tuple[str, ...]


async def pairs(conn: Connection, programme_id: UUID) -> list[Line]:
    """Every proposal and match of a programme, in the order of the mentees' employee numbers."""
    rows = await conn.fetch(
        """
        SELECT m.id, m.state, e.employee_number AS mentee, trim(e.given_name || ' ' || e.family_name) AS
        mentee_name, o.employee_number AS mentor, trim(o.given_name || ' ' || o.family_name) AS mentor_name,
               m.weight, m.created_at, m.made_at, m.ends_on, m.end_reason, m.decline_reason, m.explanation
        FROM match m JOIN person e ON e.id = m.mentee_id JOIN person o ON o.id = m.mentor_id
        WHERE m.programme_id = $1
        ORDER BY length(e.employee_number), e.employee_number, m.created_at, m.id
        """,
        programme_id,
    )
    found = []
    for row in rows:
        why = json.loads(row["explanation"])
        plain = (
            row["id"],
            row["state"],
            row["mentee"],
            row["mentee_name"],
            row["mentor"],
            row["mentor_name"],
            row["weight"] / 100_000,
            row["created_at"].date(),
            None if row["made_at"] is None else row["made_at"].date(),
            row["ends_on"],
            row["end_reason"] or row["decline_reason"],
        )
        found.append(Line(plain, tuple(why.get("reasons", ())), tuple(why.get("not_given", ()))))
    return found

"""Rows of the pairs that runs found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId, Role, RunId
from services.matching.core.runs import Found, Left
from shared.tx import Connection


def _found(row: Record) -> Found:
    return Found(
        mentee_participation_id=row["mentee_participation_id"],
        mentor_participation_id=row["mentor_participation_id"],
        mentee_id=row["mentee_id"],
        mentor_id=row["mentor_id"],
        weight=row["weight"],
        explanation=json.loads(row["explanation"]),
        added=row["added"],
        talk_at=row["talk_at"],
    )


async def add(conn: Connection, run_id: RunId, pairs: Sequence[Found]) -> None:
    await conn.execute(
        """
        INSERT INTO run_pair (run_id, mentee_participation_id, mentor_participation_id, weight, explanation,
                              added, talk_at)
        SELECT $1, mentee, mentor, weight, explanation, added, talk_at
        FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::jsonb[], $6::int[], $7::timestamptz[])
             AS new (mentee, mentor, weight, explanation, added, talk_at)
        """,
        run_id,
        [one.mentee_participation_id for one in pairs],
        [one.mentor_participation_id for one in pairs],
        [one.weight for one in pairs],
        [json.dumps(one.explanation) for one in pairs],
        [one.added for one in pairs],
        [one.talk_at for one in pairs],
    )


async def of_run(conn: Connection, run_id: UUID) -> list[Found]:
    """What a run found, in the order of the mentees' employee numbers."""
    rows = await conn.fetch(
        """
        SELECT r.mentee_participation_id, r.mentor_participation_id, a.person_id AS mentee_id,
               b.person_id AS mentor_id, r.weight, r.explanation, r.added, r.talk_at
        FROM run_pair r
        JOIN participation a ON a.id = r.mentee_participation_id
        JOIN participation b ON b.id = r.mentor_participation_id
        JOIN person p ON p.id = a.person_id
        WHERE r.run_id = $1 ORDER BY length(p.employee_number), p.employee_number
        """,
        run_id,
    )
    return [_found(row) for row in rows]


async def remove(conn: Connection, run_id: UUID) -> None:
    await conn.execute("DELETE FROM run_pair WHERE run_id = $1", run_id)


async def everybody_left(conn: Connection, run_id: UUID) -> list[Left]:
    """Whom a run left waiting and why, in the order of their employee numbers."""
    rows = await conn.fetch(
        """
        SELECT w.participation_id, a.person_id, a.role, w.reason, w.sentence
        FROM run_waiting w
        JOIN participation a ON a.id = w.participation_id
        JOIN person p ON p.id = a.person_id
        WHERE w.run_id = $1 ORDER BY length(p.employee_number), p.employee_number, a.role
        """,
        run_id,
    )
    return [Left(**dict(row)) for row in rows]


async def left(conn: Connection, run_id: UUID) -> list[tuple[PersonId, Role]]:
    """Whom a run left waiting, in the order of their employee numbers."""
    rows = await conn.fetch(
        """
        SELECT a.person_id, a.role
        FROM run_waiting w
        JOIN participation a ON a.id = w.participation_id
        JOIN person p ON p.id = a.person_id
        WHERE w.run_id = $1 ORDER BY length(p.employee_number), p.employee_number, a.role
        """,
        run_id,
    )
    return [(row["person_id"], row["role"]) for row in rows]

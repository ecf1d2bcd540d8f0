"""Rows of matching runs and of who was left waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, RunId
from services.matching.core.runs import Left, Run, Waiter
from shared.errors import NotFound
from shared.tx import Connection


def _run(row: Record) -> Run:
    return Run(
        id=RunId(row["id"]),
        programme_id=ProgrammeId(row["programme_id"]),
        mentees=row["mentees"],
        mentors=row["mentors"],
        feasible_pairs=row["feasible_pairs"],
        proposed=row["proposed"],
        value=row["value"],
        inputs_hash=row["inputs_hash"],
        created_at=row["created_at"],
    )


async def add(conn: Connection, run: Run) -> None:
    await conn.execute(
        """
        INSERT INTO matching_run (id, programme_id, mentees, mentors, feasible_pairs, proposed, value,
                                  inputs_hash, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        run.id,
        run.programme_id,
        run.mentees,
        run.mentors,
        run.feasible_pairs,
        run.proposed,
        run.value,
        run.inputs_hash,
        run.created_at,
    )


async def add_waiting(conn: Connection, run_id: RunId, left: Sequence[Left]) -> None:
    await conn.execute(
        """
        INSERT INTO run_waiting (run_id, participation_id, reason, sentence)
        SELECT $1, participation_id, reason, sentence
        FROM unnest($2::uuid[], $3::text[], $4::text[]) AS new (participation_id, reason, sentence)
        """,
        run_id,
        [one.participation_id for one in left],
        [one.reason for one in left],
        [one.sentence for one in left],
    )


async def get(conn: Connection, run_id: UUID) -> Run:
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, mentees, mentors, feasible_pairs, proposed, value, inputs_hash, created_at
        FROM matching_run WHERE id = $1
        """,
        run_id,
    )
    if row is None:
        raise NotFound(f"there is no matching run {run_id}")
    return _run(row)


async def page(
    conn: Connection, programme_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Run]:
    rows = await conn.fetch(
        """
        SELECT id, programme_id, mentees, mentors, feasible_pairs, proposed, value, inputs_hash, created_at
        FROM matching_run
        WHERE programme_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """,
        programme_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_run(row) for row in rows]


async def waiting(
    conn: Connection, programme_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Waiter]:
    """Who has nobody now, with what the newest run said about them (empty: none has looked at them yet).

    A mentor waits as long as no seat is taken. Ordered by (joined_at, id).
    """
    rows = await conn.fetch(
        """
        SELECT a.id, a.person_id, a.role, a.joined_at, p.employee_number, p.given_name, p.family_name,
               w.reason, w.sentence
        FROM participation a
        JOIN person p ON p.id = a.person_id
        LEFT JOIN run_waiting w ON w.participation_id = a.id AND w.run_id = (
            SELECT r.id FROM matching_run r WHERE r.programme_id = $1
            ORDER BY r.created_at DESC, r.id DESC LIMIT 1)
        WHERE a.programme_id = $1 AND ($2::timestamptz IS NULL OR (a.joined_at, a.id) > ($2, $3::uuid))
          AND NOT EXISTS (SELECT 1 FROM match m WHERE m.state IN ('proposed', 'active')
                          AND a.id IN (m.mentee_participation_id, m.mentor_participation_id))
        ORDER BY a.joined_at, a.id LIMIT $4
        """,
        programme_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_waiter(row) for row in rows]


def _waiter(row: Record) -> Waiter:
    return Waiter(
        participation_id=ParticipationId(row["id"]),
        person_id=PersonId(row["person_id"]),
        employee_number=row["employee_number"],
        name=f"{row['given_name']} {row['family_name']}".strip(),
        role=row["role"],
        reason=row["reason"],
        sentence=row["sentence"],
        joined_at=row["joined_at"],
    )

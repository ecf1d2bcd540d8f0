"""Rows of matching runs and of who was left waiting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, RunId
from services.matching.core.runs import SOMEBODY_JOINED, Left, Proven, ProvenOf, Run, Waiter
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
        bound=row["bound"],
        blocking=json.loads(row["blocking"] or "{}"),
        solver=row["solver"],
        state=row["state"],
        phase=row["phase"],
        done=row["done"],
        total=row["total"],
        attempts=row["attempts"],
        problem=row["problem"],
        asked_by=row["asked_by"],
        rules=None if row["rules"] is None else json.loads(row["rules"]),
        dropped=row["dropped"],
        looked_at=row["looked_at"],
        finished_at=row["finished_at"],
        version=row["version"],
        alarm=row["alarm"],
        edition=row["edition"],
        replaces=row["replaces"],
    )


async def add(conn: Connection, run: Run) -> bool:
    """A run that is to be solved. False where the programme has one that waits already."""
    done = await conn.fetchval(
        """
        INSERT INTO matching_run (id, programme_id, mentees, mentors, feasible_pairs, proposed, value,
                                  inputs_hash, created_at, state, asked_by, version)
        VALUES ($1, $2, 0, 0, 0, 0, 0, '', $3, 'queued', $4, $5)
        ON CONFLICT (programme_id) WHERE state = 'queued' DO NOTHING RETURNING true
        """,
        run.id,
        run.programme_id,
        run.created_at,
        run.asked_by,
        run.version,
    )
    return bool(done)


async def ask_whole(conn: Connection, programme_id: UUID, *, by: str) -> None:
    """A run that waits and was to offer only what need not wait becomes a whole round."""
    await conn.execute(
        """
        UPDATE matching_run SET asked_by = $2
        WHERE programme_id = $1 AND state = 'queued' AND asked_by = $3
        """,
        programme_id,
        by,
        SOMEBODY_JOINED,
    )


async def update(conn: Connection, run: Run) -> None:
    """Writes everything that changes in the life of a run that was read under its lock."""
    await conn.execute(
        """
        UPDATE matching_run
        SET mentees = $2, mentors = $3, feasible_pairs = $4, proposed = $5, value = $6, inputs_hash = $7,
            bound = $8, blocking = $9, solver = $10, state = $11, phase = $12, done = $13, total = $14,
            attempts = $15, problem = $16, rules = $17, dropped = $18, looked_at = $19, finished_at = $20,
            version = $21, edition = $22, replaces = $23
        WHERE id = $1
        """,
        run.id,
        run.mentees,
        run.mentors,
        run.feasible_pairs,
        run.proposed,
        run.value,
        run.inputs_hash,
        run.bound,
        json.dumps(run.blocking),
        run.solver,
        run.state,
        run.phase,
        run.done,
        run.total,
        run.attempts,
        run.problem,
        None if run.rules is None else json.dumps(run.rules, sort_keys=True),
        run.dropped,
        run.looked_at,
        run.finished_at,
        run.version,
        run.edition,
        run.replaces,
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


async def add_certificate(conn: Connection, run_id: RunId, lines: Sequence[Proven]) -> None:
    await conn.execute(
        """
        INSERT INTO run_certificate (run_id, participation_id, amount, seats)
        SELECT $1, participation_id, amount, seats
        FROM unnest($2::uuid[], $3::bigint[], $4::int[]) AS new (participation_id, amount, seats)
        """,
        run_id,
        [one.participation_id for one in lines],
        [one.amount for one in lines],
        [one.seats for one in lines],
    )


async def remove_waiting(conn: Connection, run_id: UUID) -> None:
    await conn.execute("DELETE FROM run_waiting WHERE run_id = $1", run_id)


async def remove_certificate(conn: Connection, run_id: UUID) -> None:
    await conn.execute("DELETE FROM run_certificate WHERE run_id = $1", run_id)


async def in_review(conn: Connection, programme_id: UUID) -> list[Run]:
    """The runs of a programme that wait for an administrator, nobody else's until the transaction ends."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id, mentees, mentors, feasible_pairs, proposed, value, inputs_hash, created_at,
               bound, blocking, solver, state, phase, done, total, attempts, problem, asked_by, rules,
               dropped, looked_at, finished_at, version, alarm, edition, replaces
        FROM matching_run WHERE programme_id = $1 AND state = 'review' ORDER BY created_at, id FOR UPDATE
        """,
        programme_id,
    )
    return [_run(row) for row in rows]


async def certificate(
    conn: Connection, run_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[ProvenOf]:
    """The lines of a run's certificate, ordered by (joined_at, participation)."""
    rows = await conn.fetch(
        """
        SELECT c.participation_id, a.person_id, a.role, c.amount, c.seats, a.joined_at
        FROM run_certificate c JOIN participation a ON a.id = c.participation_id
        WHERE c.run_id = $1 AND ($2::timestamptz IS NULL OR (a.joined_at, a.id) > ($2, $3::uuid))
        ORDER BY a.joined_at, a.id LIMIT $4
        """,
        run_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [ProvenOf(**dict(row)) for row in rows]


async def proven(conn: Connection, run_id: UUID, pair: tuple[UUID, UUID]) -> tuple[Proven, Proven] | None:
    """The lines of a mentee and a mentor in a run's certificate, None without both."""
    rows = await conn.fetch(
        """
        SELECT c.participation_id, c.amount, c.seats
        FROM run_certificate c JOIN participation a ON a.id = c.participation_id
        WHERE c.run_id = $1
          AND ((a.role IN ('mentee', 'peer') AND a.person_id = $2)
            OR (a.role IN ('mentor', 'peer') AND a.person_id = $3))
        ORDER BY a.role, a.person_id = $3
        """,
        run_id,
        *pair,
    )
    if len(rows) != 2:
        return None
    mentee, mentor = (Proven(**dict(row)) for row in rows)
    return mentee, mentor


async def prices(conn: Connection, run_id: UUID) -> dict[PersonId, int]:
    """What a seat of each mentor was worth to a run, in units of weights."""
    rows = await conn.fetch(
        """
        SELECT a.person_id, c.amount
        FROM run_certificate c JOIN participation a ON a.id = c.participation_id
        WHERE c.run_id = $1 AND a.role = 'mentor'
        """,
        run_id,
    )
    return {PersonId(row["person_id"]): row["amount"] for row in rows}


async def waiting_mentees(conn: Connection, run_id: UUID) -> list[PersonId]:
    """The mentees a run found nobody for."""
    rows = await conn.fetch(
        """
        SELECT a.person_id FROM run_waiting w JOIN participation a ON a.id = w.participation_id
        WHERE w.run_id = $1 AND a.role IN ('mentee', 'peer') ORDER BY a.person_id
        """,
        run_id,
    )
    return [PersonId(row["person_id"]) for row in rows]


async def left_waiting(conn: Connection, run_id: UUID, person_id: UUID) -> list[Left]:
    """What a run said about somebody it found nobody for, mentee before mentor; empty: it found somebody."""
    rows = await conn.fetch(
        """
        SELECT w.participation_id, a.person_id, a.role, w.reason, w.sentence
        FROM run_waiting w JOIN participation a ON a.id = w.participation_id
        WHERE w.run_id = $1 AND a.person_id = $2 ORDER BY a.role
        """,
        run_id,
        person_id,
    )
    return [Left(**dict(row)) for row in rows]


async def get(conn: Connection, run_id: UUID) -> Run:
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, mentees, mentors, feasible_pairs, proposed, value, inputs_hash, created_at,
               bound, blocking, solver, state, phase, done, total, attempts, problem, asked_by, rules,
               dropped, looked_at, finished_at, version, alarm, edition, replaces
        FROM matching_run WHERE id = $1
        """,
        run_id,
    )
    if row is None:
        raise NotFound(f"there is no matching run {run_id}")
    return _run(row)


async def get_locked(conn: Connection, run_id: UUID) -> Run:
    """The run, nobody else's until the transaction ends."""
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, mentees, mentors, feasible_pairs, proposed, value, inputs_hash, created_at,
               bound, blocking, solver, state, phase, done, total, attempts, problem, asked_by, rules,
               dropped, looked_at, finished_at, version, alarm, edition, replaces
        FROM matching_run WHERE id = $1 FOR UPDATE
        """,
        run_id,
    )
    if row is None:
        raise NotFound(f"there is no matching run {run_id}")
    return _run(row)


async def find_queued(conn: Connection, programme_id: UUID) -> Run | None:
    """The run of a programme that nobody has begun."""
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, mentees, mentors, feasible_pairs, proposed, value, inputs_hash, created_at,
               bound, blocking, solver, state, phase, done, total, attempts, problem, asked_by, rules,
               dropped, looked_at, finished_at, version, alarm, edition, replaces
        FROM matching_run WHERE programme_id = $1 AND state = 'queued'
        """,
        programme_id,
    )
    return None if row is None else _run(row)


async def page(
    conn: Connection, programme_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Run]:
    rows = await conn.fetch(
        """
        SELECT id, programme_id, mentees, mentors, feasible_pairs, proposed, value, inputs_hash, created_at,
               bound, blocking, solver, state, phase, done, total, attempts, problem, asked_by, rules,
               dropped, looked_at, finished_at, version, alarm, edition, replaces
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
               w.reason, w.sentence, a.paused_until, g.next_round_at,
               GREATEST(a.joined_at, (SELECT max(m.ended_at) FROM match m WHERE m.state = 'ended'
                        AND a.id IN (m.mentee_participation_id, m.mentor_participation_id))) AS waiting_since
        FROM participation a
        JOIN programme g ON g.id = a.programme_id
        JOIN person p ON p.id = a.person_id
        LEFT JOIN run_waiting w ON w.participation_id = a.id AND w.run_id = (
            SELECT r.id FROM matching_run r WHERE r.programme_id = $1 AND r.state = 'published'
            ORDER BY r.created_at DESC, r.id DESC LIMIT 1)
        WHERE a.programme_id = $1 AND a.state = 'active'
          AND ($2::timestamptz IS NULL OR (a.joined_at, a.id) > ($2, $3::uuid))
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
        waiting_since=row["waiting_since"],
        next_look_at=row["next_round_at"],
        paused_until=row["paused_until"],
    )

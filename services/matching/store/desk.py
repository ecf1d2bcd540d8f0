"""What the desk shows of programmes and rounds, ready to be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.matching.core.ids import PersonId, ProgrammeId, RunId
from services.matching.core.runs import Left
from shared.tx import Connection


@dataclass(frozen=True)
class ProgrammeLine:
    """A programme in the list, with its newest published round."""

    id: ProgrammeId
    name: str
    kind: str
    state: str
    mentees: int
    mentors: int
    pairs: int
    run_id: RunId | None
    run_at: datetime | None
    alarm: bool


async def programmes(conn: Connection) -> list[ProgrammeLine]:
    """All programmes, the open ones first."""
    rows = await conn.fetch(
        """
        SELECT p.id, p.name, p.kind, p.state,
               (SELECT count(*) FROM participation a WHERE a.programme_id = p.id AND a.role = 'mentee'
                AND a.state = 'active')::int
                   AS mentees,
               (SELECT count(*) FROM participation a WHERE a.programme_id = p.id AND a.role = 'mentor'
                AND a.state = 'active')::int
                   AS mentors,
               (SELECT count(*) FROM match m WHERE m.programme_id = p.id
                    AND m.state IN ('proposed', 'active'))::int AS pairs,
               r.id AS run_id, r.finished_at AS run_at, coalesce(r.alarm, false) AS alarm
        FROM programme p LEFT JOIN LATERAL (
            SELECT id, coalesce(finished_at, created_at) AS finished_at, alarm FROM matching_run
            WHERE programme_id = p.id AND state = 'published' ORDER BY created_at DESC, id DESC LIMIT 1
        ) r ON true
        ORDER BY p.state DESC, p.name
        """
    )
    return [ProgrammeLine(**dict(row)) for row in rows]


async def newest_runs(conn: Connection, programme_id: UUID, limit: int) -> list[RunId]:
    """The rounds of a programme, the newest first."""
    rows = await conn.fetch(
        "SELECT id FROM matching_run WHERE programme_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        programme_id,
        limit,
    )
    return [RunId(row["id"]) for row in rows]


async def left(conn: Connection, run_id: UUID) -> list[Left]:
    """Who a run found nobody for, mentees first, in the order of their employee numbers."""
    rows = await conn.fetch(
        """
        SELECT w.participation_id, a.person_id, a.role, w.reason, w.sentence
        FROM run_waiting w
        JOIN participation a ON a.id = w.participation_id
        JOIN person p ON p.id = a.person_id
        WHERE w.run_id = $1 ORDER BY a.role, length(p.employee_number), p.employee_number
        """,
        run_id,
    )
    return [Left(**dict(row)) for row in rows]


async def mentors(conn: Connection, programme_id: UUID) -> list[PersonId]:
    """Who offers seats in a programme."""
    rows = await conn.fetch(
        "SELECT person_id FROM participation WHERE programme_id = $1 AND role = 'mentor' AND state = 'active'"
        " ORDER BY person_id",
        programme_id,
    )
    return [PersonId(row["person_id"]) for row in rows]

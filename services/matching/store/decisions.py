"""Rows of what administrators decided about runs. They are never changed."""

from __future__ import annotations

from uuid import UUID

from services.matching.core.reviewing import Decision
from shared.tx import Connection


async def add(conn: Connection, decision: Decision) -> None:
    await conn.execute(
        """
        INSERT INTO run_decision (run_id, ordinal, kind, mentee, mentor, second_mentee, second_mentor, cost,
                                  decided_by, reason, decided_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        decision.run_id,
        decision.ordinal,
        decision.kind,
        decision.mentee,
        decision.mentor,
        decision.second_mentee,
        decision.second_mentor,
        decision.cost,
        decision.by,
        decision.reason,
        decision.at,
    )


async def of_run(conn: Connection, run_id: UUID) -> list[Decision]:
    """In the order in which they were made."""
    rows = await conn.fetch(
        """
        SELECT run_id, ordinal, kind, mentee, mentor, second_mentee, second_mentor, cost, decided_by, reason,
               decided_at
        FROM run_decision WHERE run_id = $1 ORDER BY ordinal
        """,
        run_id,
    )
    return [
        Decision(
            run_id=row["run_id"],
            ordinal=row["ordinal"],
            kind=row["kind"],
            by=row["decided_by"],
            reason=row["reason"],
            at=row["decided_at"],
            mentee=row["mentee"],
            mentor=row["mentor"],
            second_mentee=row["second_mentee"],
            second_mentor=row["second_mentor"],
            cost=row["cost"],
        )
        for row in rows
    ]

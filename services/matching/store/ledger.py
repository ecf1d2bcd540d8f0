"""Rows of the groups people say they belong to, and of what runs did for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.matching.core.fairness import Line
from services.matching.core.ids import ParticipationId, RunId
from services.matching.core.runs import SOMEBODY_JOINED
from shared.tx import Connection


async def clear_groups(conn: Connection, participation_id: UUID) -> None:
    await conn.execute("DELETE FROM participation_group WHERE participation_id = $1", participation_id)


async def add_groups(conn: Connection, participation_id: UUID, codes: Sequence[str]) -> None:
    await conn.execute(
        """
        INSERT INTO participation_group (participation_id, code)
        SELECT $1, code FROM unnest($2::text[]) AS code ON CONFLICT DO NOTHING
        """,
        participation_id,
        codes,
    )


async def groups(conn: Connection, programme_id: UUID) -> dict[str, frozenset[ParticipationId]]:
    """The mentees' participations of a programme by group."""
    rows = await conn.fetch(
        """
        SELECT g.code, array_agg(g.participation_id) AS members
        FROM participation_group g JOIN participation a ON a.id = g.participation_id
        WHERE a.programme_id = $1 AND a.role <> 'mentor' GROUP BY g.code ORDER BY g.code
        """,
        programme_id,
    )
    return {row["code"]: frozenset(map(ParticipationId, row["members"])) for row in rows}


async def waited(
    conn: Connection, programme_id: UUID, *, before: datetime, besides: UUID | None
) -> dict[ParticipationId, int]:
    """How many published rounds, since their last match, found no free seat for mentees of a programme.

    Looks between the rounds, because somebody joined, do not count.
    """
    rows = await conn.fetch(
        """
        SELECT w.participation_id, count(*) AS rounds
        FROM run_waiting w
        JOIN matching_run r ON r.id = w.run_id
        JOIN participation a ON a.id = w.participation_id
        WHERE r.programme_id = $1 AND r.state = 'published' AND a.role <> 'mentor'
          AND w.reason NOT IN ('not-eligible', 'consent-missing', 'goals-missing')
          AND coalesce(r.looked_at, r.created_at) <= $2 AND r.id IS DISTINCT FROM $3 AND r.asked_by <> $4
          AND NOT EXISTS (SELECT 1 FROM match m WHERE m.mentee_participation_id = w.participation_id
                          AND m.made_at > coalesce(r.looked_at, r.created_at))
        GROUP BY w.participation_id
        """,
        programme_id,
        before,
        besides,
        SOMEBODY_JOINED,
    )
    return {ParticipationId(row["participation_id"]): row["rounds"] for row in rows}


async def add(conn: Connection, run_id: RunId, lines: Sequence[Line]) -> None:
    await conn.executemany(
        """
        INSERT INTO run_ledger (run_id, code, members, matched, others, others_matched, score, gap, gap_low,
                                gap_high, least, bonus, alarm)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        [
            (
                run_id,
                one.code,
                one.members,
                one.matched,
                one.others,
                one.others_matched,
                one.score,
                one.gap,
                one.gap_low,
                one.gap_high,
                one.least,
                one.bonus,
                one.alarm,
            )
            for one in lines
        ],
    )


async def remove(conn: Connection, run_id: UUID) -> None:
    await conn.execute("DELETE FROM run_ledger WHERE run_id = $1", run_id)


async def set_alarm(conn: Connection, run_id: RunId, *, alarm: bool) -> None:
    """Whether a group of this run was matched less than four fifths as often as everybody else."""
    await conn.execute("UPDATE matching_run SET alarm = $2 WHERE id = $1", run_id, alarm)


async def of_run(conn: Connection, run_id: UUID) -> list[Line]:
    """What a run did for each group, by code."""
    rows = await conn.fetch(
        """
        SELECT code, members, matched, others, others_matched, score, gap, gap_low, gap_high, least, bonus
        FROM run_ledger WHERE run_id = $1 ORDER BY code
        """,
        run_id,
    )
    return [Line(**dict(row)) for row in rows]

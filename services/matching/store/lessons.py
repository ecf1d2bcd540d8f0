"""Rows of what a "no" taught."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.matching.core.ids import MatchId, ParticipationId
from services.matching.core.lessons import Lesson
from shared.tx import Connection


async def add(conn: Connection, lesson: Lesson) -> None:
    await conn.execute(
        """
        INSERT INTO lesson (match_id, participation_id, code, not_taught, paused_until)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (match_id) DO NOTHING
        """,
        lesson.match_id,
        lesson.participation_id,
        lesson.code,
        list(lesson.not_taught),
        lesson.paused_until,
    )


async def end_pause(conn: Connection, participation_id: ParticipationId, now: datetime) -> None:
    await conn.execute(
        "UPDATE lesson SET paused_until = $2 WHERE participation_id = $1 AND paused_until > $2",
        participation_id,
        now,
    )


async def of_programme(conn: Connection, programme_id: UUID) -> list[Lesson]:
    rows = await conn.fetch(
        """
        SELECT l.match_id, l.participation_id, l.code, l.not_taught, l.paused_until
        FROM lesson l JOIN participation a ON a.id = l.participation_id
        WHERE a.programme_id = $1 ORDER BY l.match_id
        """,
        programme_id,
    )
    return [
        Lesson(
            match_id=MatchId(row["match_id"]),
            participation_id=ParticipationId(row["participation_id"]),
            code=row["code"],
            not_taught=tuple(row["not_taught"]),
            paused_until=row["paused_until"],
        )
        for row in rows
    ]

"""Feedback. Its text is read through the reader list only: every query for it joins `feedback_reader`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.scheduling import core
from services.scheduling.core.ids import MatchId, PersonId, SessionId
from shared.tx import Connection


async def add(
    conn: Connection,
    feedback_id: UUID,
    session_id: SessionId,
    given: core.feedback.Feedback,
    *,
    author_id: PersonId,
    about_id: PersonId,
    at: datetime,
) -> bool:
    """Keeps what one author says about a session; False where this author has said it before."""
    row = await conn.fetchrow(
        "INSERT INTO feedback (feedback_id, session_id, author_id, about_id, went_well, to_improve,"
        " encouragement, rating_overall, rating_usefulness, rating_listening, fit, share, submitted_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " ON CONFLICT (session_id, author_id) DO NOTHING RETURNING feedback_id",
        feedback_id,
        session_id,
        author_id,
        about_id,
        given.went_well,
        given.to_improve,
        given.encouragement,
        given.ratings["overall"],
        given.ratings["usefulness"],
        given.ratings["listening"],
        given.fit,
        given.share,
        at,
    )
    return row is not None


async def add_readers(conn: Connection, feedback_id: UUID, readers: Sequence[PersonId]) -> None:
    await conn.execute(
        "INSERT INTO feedback_reader (feedback_id, reader_id) SELECT $1, unnest($2::uuid[])",
        feedback_id,
        readers,
    )


async def is_given(conn: Connection, session_id: SessionId, author_id: PersonId) -> bool:
    """Whether this author has given feedback on the session."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM feedback WHERE session_id = $1 AND author_id = $2)",
            session_id,
            author_id,
        )
    )


async def on_session(
    conn: Connection, session_id: SessionId, reader_id: PersonId
) -> list[core.feedback.Written]:
    """What this reader may read about a session."""
    rows = await conn.fetch(
        "SELECT session_id, ordinal, starts_at, author_id, about_id, went_well, to_improve, encouragement,"
        " share, submitted_at"
        " FROM feedback JOIN feedback_reader USING (feedback_id) JOIN session USING (session_id)"
        " WHERE session_id = $1 AND reader_id = $2 ORDER BY submitted_at, author_id",
        session_id,
        reader_id,
    )
    return [_written(row) for row in rows]


async def about(conn: Connection, match_id: MatchId, reader_id: PersonId) -> list[core.feedback.Written]:
    """What the partner wrote for this reader in their pair, newest session first."""
    rows = await conn.fetch(
        "SELECT session_id, ordinal, starts_at, author_id, about_id, went_well, to_improve, encouragement,"
        " share, submitted_at"
        " FROM feedback JOIN feedback_reader USING (feedback_id) JOIN session USING (session_id)"
        " WHERE match_id = $1 AND reader_id = $2 AND about_id = $2 ORDER BY ordinal DESC",
        match_id,
        reader_id,
    )
    return [_written(row) for row in rows]


def _written(row: asyncpg.Record) -> core.feedback.Written:
    return core.feedback.Written(**row)

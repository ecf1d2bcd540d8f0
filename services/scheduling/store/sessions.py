"""Sessions, and the times they take of people."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from services.scheduling import core
from services.scheduling.core.ids import MatchId, SessionId
from shared.errors import NotFound
from shared.tx import Connection


async def add(conn: Connection, session: core.sessions.Session) -> None:
    await conn.execute(
        "INSERT INTO session (session_id, match_id, ordinal, state, sequence, starts_at, ends_at, zone,"
        " starts_wall, due_wall, mode, created_at, late)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        session.session_id,
        session.match_id,
        session.ordinal,
        session.state,
        session.sequence,
        session.starts_at,
        session.ends_at,
        session.zone,
        session.starts_wall,
        session.due_wall,
        session.mode,
        session.created_at,
        session.late,
    )


async def save(conn: Connection, session: core.sessions.Session) -> None:
    await conn.execute(
        "UPDATE session SET state = $2, sequence = $3, starts_at = $4, ends_at = $5, starts_wall = $6,"
        " closed_at = $7, closed_by = $8, late = $9 WHERE session_id = $1",
        session.session_id,
        session.state,
        session.sequence,
        session.starts_at,
        session.ends_at,
        session.starts_wall,
        session.closed_at,
        session.closed_by,
        session.late,
    )


async def take_time(conn: Connection, session: core.sessions.Session) -> bool:
    """Takes the session's time of both people; False where one of them has another session then."""
    rows = await conn.fetch(
        "INSERT INTO busy_time (session_id, person_id, starts_at, ends_at)"
        " VALUES ($1, $2, $4, $5), ($1, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING person_id",
        session.session_id,
        session.mentee_id,
        session.mentor_id,
        session.starts_at,
        session.ends_at,
    )
    return len(rows) == 2


async def free_time(conn: Connection, session_id: SessionId) -> None:
    """Gives the session's time back to both."""
    await conn.execute("DELETE FROM busy_time WHERE session_id = $1", session_id)


async def get_match_id(conn: Connection, session_id: SessionId) -> MatchId:
    """Whose session it is. Raises NotFound."""
    match_id: MatchId | None = await conn.fetchval(
        "SELECT match_id FROM session WHERE session_id = $1", session_id
    )
    if match_id is None:
        raise NotFound("this session is not known here")
    return match_id


async def get(conn: Connection, session_id: SessionId) -> core.sessions.Session:
    """Raises NotFound."""
    row = await conn.fetchrow(
        "SELECT session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, starts_at, ends_at, zone,"
        " starts_wall, due_wall, created_at, sequence, session.state, mode, closed_at, closed_by, late"
        " FROM session JOIN agreement USING (match_id) WHERE session_id = $1",
        session_id,
    )
    if row is None:
        raise NotFound("this session is not known here")
    return _session(row)


async def of_match(conn: Connection, match_id: MatchId) -> list[core.sessions.Session]:
    """All sessions of a pair, in order."""
    rows = await conn.fetch(
        "SELECT session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, starts_at, ends_at, zone,"
        " starts_wall, due_wall, created_at, sequence, session.state, mode, closed_at, closed_by, late"
        " FROM session JOIN agreement USING (match_id) WHERE match_id = $1 ORDER BY ordinal",
        match_id,
    )
    return [_session(row) for row in rows]


async def listed(
    conn: Connection, match_id: MatchId | None, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[core.sessions.Session]:
    """Sessions in the order of their booking, from behind the key `after`."""
    rows = await conn.fetch(
        "SELECT session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, starts_at, ends_at, zone,"
        " starts_wall, due_wall, created_at, sequence, session.state, mode, closed_at, closed_by, late"
        " FROM session JOIN agreement USING (match_id)"
        " WHERE ($1::uuid IS NULL OR match_id = $1)"
        " AND ($2::timestamptz IS NULL OR (created_at, session_id) > ($2, $3::uuid))"
        " ORDER BY created_at, session_id LIMIT $4",
        match_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_session(row) for row in rows]


async def first_unanswered_end(conn: Connection) -> datetime | None:
    """The end of the oldest session of which nobody said whether it happened."""
    at: datetime | None = await conn.fetchval("SELECT min(ends_at) FROM session WHERE state = 'scheduled'")
    return at


async def ended_unanswered(conn: Connection, before: datetime, limit: int) -> list[SessionId]:
    """Sessions that ended by `before` and of which nobody said whether they happened, oldest first."""
    rows = await conn.fetch(
        "SELECT session_id FROM session WHERE state = 'scheduled' AND ends_at <= $1"
        " ORDER BY ends_at, match_id LIMIT $2",
        before,
        limit,
    )
    return [row["session_id"] for row in rows]


def _session(row: asyncpg.Record) -> core.sessions.Session:
    return core.sessions.Session(**row)

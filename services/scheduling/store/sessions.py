"""Sessions, and the times they take of people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.scheduling import core
from services.scheduling.core.ids import MatchId, MeetingId, PersonId, SessionId
from shared.errors import NotFound
from shared.tx import Connection


async def add(conn: Connection, session: core.sessions.Session) -> None:
    await conn.execute(
        "INSERT INTO session (session_id, match_id, ordinal, state, sequence, starts_at, ends_at, zone,"
        " starts_wall, due_wall, mode, created_at, late, meeting_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
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
        session.meeting_id,
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


async def take_time(
    conn: Connection, time_id: UUID, person_ids: Sequence[PersonId], slot: core.slots.Interval
) -> bool:
    """Takes the time of a session or a meeting for these people; False where one of them has another then."""
    rows = await conn.fetch(
        "INSERT INTO busy_time (session_id, person_id, starts_at, ends_at)"
        " SELECT $1, unnest($2::uuid[]), $3, $4 ON CONFLICT DO NOTHING RETURNING person_id",
        time_id,
        person_ids,
        slot.start,
        slot.end,
    )
    return len(rows) == len(person_ids)


async def free_time(conn: Connection, time_id: UUID, person_ids: Sequence[PersonId]) -> None:
    """Gives the time of a session or a meeting back to these people."""
    await conn.execute(
        "DELETE FROM busy_time WHERE session_id = $1 AND person_id = ANY ($2::uuid[])", time_id, person_ids
    )


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
        " starts_wall, due_wall, created_at, sequence, session.state, mode, closed_at, closed_by, late,"
        " meeting_id"
        " FROM session JOIN agreement USING (match_id) WHERE session_id = $1",
        session_id,
    )
    if row is None:
        raise NotFound("this session is not known here")
    return _session(row)


async def open_of_meeting(conn: Connection, meeting_id: MeetingId) -> list[core.sessions.Session]:
    """The sessions of a circle's meeting that are neither over nor off, by the numbers of the mentees."""
    rows = await conn.fetch(
        "SELECT session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, starts_at, ends_at, zone,"
        " starts_wall, due_wall, created_at, sequence, session.state, mode, closed_at, closed_by, late,"
        " meeting_id"
        " FROM session JOIN agreement USING (match_id) LEFT JOIN person ON person_id = mentee_id"
        " WHERE meeting_id = $1 AND session.state = 'scheduled' ORDER BY employee_number, match_id",
        meeting_id,
    )
    return [_session(row) for row in rows]


async def of_match(conn: Connection, match_id: MatchId) -> list[core.sessions.Session]:
    """All sessions of a pair, in order."""
    rows = await conn.fetch(
        "SELECT session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, starts_at, ends_at, zone,"
        " starts_wall, due_wall, created_at, sequence, session.state, mode, closed_at, closed_by, late,"
        " meeting_id"
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
        " starts_wall, due_wall, created_at, sequence, session.state, mode, closed_at, closed_by, late,"
        " meeting_id"
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

"""Messages in hand. Leases and back-off are wall time; what is due is business time.

Of somebody on leave nothing is taken in hand but that a session is off: the calendar has to follow.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg

from services.notifications import core
from shared.tx import Connection

LEASE = """
WITH chosen AS (
    SELECT m.id FROM message m
    WHERE m.state = 'waiting' AND m.due_at <= $1
      AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())
      AND (m.not_before IS NULL OR m.not_before <= clock_timestamp())
      AND NOT (m.calendar AND EXISTS (
          SELECT 1 FROM message e
          WHERE e.session_id = m.session_id AND e.recipient_id = m.recipient_id
            AND e.sequence < m.sequence AND e.calendar AND e.state = 'waiting'))
      AND NOT EXISTS (
          SELECT 1 FROM person p
          WHERE p.person_id = m.recipient_id AND p.status = 'leave' AND m.kind <> 'session-cancelled')
    ORDER BY m.due_at, m.id LIMIT $4 FOR UPDATE OF m SKIP LOCKED
), leased AS (
    UPDATE message m
    SET lease_until = clock_timestamp() + make_interval(secs => $3), leased_by = $2
    FROM chosen WHERE m.id = chosen.id
    RETURNING m.id, m.recipient_id, m.cause, m.traceparent, m.correlation_id, m.kind, m.caused_at,
        m.due_at, m.useful_until, m.programme_id, m.match_id, m.reason, m.session_id, m.ordinal,
        m.sequence, m.starts_at, m.ends_at, m.mode, m.was_at, m.attempts
)
SELECT l.id, l.recipient_id, l.cause, l.traceparent, l.correlation_id, l.kind, l.caused_at, l.due_at,
    l.useful_until, l.programme_id, l.match_id, l.reason, l.session_id, l.ordinal, l.sequence,
    l.starts_at, l.ends_at, l.mode, l.was_at, l.attempts, p.mentee_id, p.mentor_id,
    p.programme_id AS pair_programme_id, p.ends_on
FROM leased l LEFT JOIN pair p USING (match_id) ORDER BY l.due_at, l.id
"""


async def next_due(conn: Connection) -> datetime | None:
    """When the earliest message that nobody has in hand is due; what waits for the end of a leave is not."""
    at: datetime | None = await conn.fetchval(
        """
        SELECT min(m.due_at) FROM message m WHERE m.state = 'waiting' AND m.lease_until IS NULL
          AND NOT EXISTS (
              SELECT 1 FROM person p
              WHERE p.person_id = m.recipient_id AND p.status = 'leave' AND m.kind <> 'session-cancelled')
        """
    )
    return at


async def busy(conn: Connection) -> int:
    """Messages in hand, or refused for now and about to be tried again."""
    return int(
        await conn.fetchval(
            """
            SELECT count(*) FROM message m
            WHERE m.state = 'waiting' AND (m.lease_until IS NOT NULL OR m.not_before IS NOT NULL
              AND NOT EXISTS (
                  SELECT 1 FROM person p
                  WHERE p.person_id = m.recipient_id AND p.status = 'leave'
                    AND m.kind <> 'session-cancelled'))
            """
        )
    )


async def any_sendable(conn: Connection, now: datetime) -> bool:
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT 1 FROM message m WHERE m.state = 'waiting' AND m.due_at <= $1
            AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())
            AND (m.not_before IS NULL OR m.not_before <= clock_timestamp())
            AND NOT EXISTS (
                SELECT 1 FROM person p
                WHERE p.person_id = m.recipient_id AND p.status = 'leave' AND m.kind <> 'session-cancelled'))
        """,
        now,
    )
    return found


async def lease(
    conn: Connection, now: datetime, *, holder: str, seconds: float, rows_max: int
) -> list[core.Message]:
    """Takes messages in hand, earliest first. A calendar mail waits for the earlier ones of its session."""
    rows = await conn.fetch(
        LEASE,
        now,
        holder,
        seconds,
        rows_max,
    )
    return [_message(row) for row in rows]


def _message(row: asyncpg.Record) -> core.Message:
    pair = meeting = None
    if row["mentee_id"] is not None:
        people = row["mentee_id"], row["mentor_id"]
        pair = core.Pair(row["match_id"], row["pair_programme_id"], *people, row["ends_on"])
    if row["session_id"] is not None:
        times = row["starts_at"], row["ends_at"]
        meeting = core.Meeting(
            row["session_id"], row["ordinal"], row["sequence"], *times, row["mode"], row["was_at"]
        )
    notice = core.Notice(
        recipient_id=row["recipient_id"],
        kind=row["kind"],
        programme_id=row["programme_id"],
        caused_at=row["caused_at"],
        due_at=row["due_at"],
        pair=pair,
        meeting=meeting,
        reason=row["reason"],
        useful_until=row["useful_until"],
    )
    return core.Message(
        row["id"], notice, row["attempts"], row["cause"], row["traceparent"], row["correlation_id"]
    )


async def mark_sent(conn: Connection, message_id: UUID, now: datetime) -> bool:
    """Settles a message; whether it was still open."""
    row = await conn.fetchrow(
        """
        UPDATE message SET state = 'sent', sent_at = $2, attempts = attempts + 1, lease_until = NULL,
            leased_by = NULL, not_before = NULL, error = NULL
        WHERE id = $1 AND state = 'waiting' RETURNING id
        """,
        message_id,
        now,
    )
    return row is not None


async def mark_failed(conn: Connection, message_id: UUID, error: str) -> bool:
    row = await conn.fetchrow(
        """
        UPDATE message SET state = 'failed', attempts = attempts + 1, lease_until = NULL, leased_by = NULL,
            not_before = NULL, error = $2
        WHERE id = $1 AND state = 'waiting' RETURNING id
        """,
        message_id,
        error,
    )
    return row is not None


async def retry_later(conn: Connection, message_id: UUID, seconds: float, error: str) -> None:
    """After a refusal for now: `seconds` of wall time from now."""
    await conn.execute(
        """
        UPDATE message SET attempts = attempts + 1, lease_until = NULL, leased_by = NULL, error = $3,
            not_before = clock_timestamp() + make_interval(secs => $2)
        WHERE id = $1 AND state = 'waiting'
        """,
        message_id,
        seconds,
        error,
    )


async def postpone(conn: Connection, message_id: UUID, due_at: datetime) -> None:
    await conn.execute(
        "UPDATE message SET due_at = $2, lease_until = NULL, leased_by = NULL WHERE id = $1",
        message_id,
        due_at,
    )


async def drop(conn: Connection, message_id: UUID) -> None:
    """Gives up a message that has become useless."""
    await conn.execute(
        "UPDATE message SET state = 'withdrawn', lease_until = NULL, leased_by = NULL WHERE id = $1",
        message_id,
    )


async def release(conn: Connection, message_ids: Collection[UUID]) -> None:
    await conn.execute(
        """
        UPDATE message SET lease_until = NULL, leased_by = NULL
        WHERE id = ANY($1) AND state = 'waiting'
        """,
        list(message_ids),
    )


async def release_all(conn: Connection, holder: str) -> None:
    """What a former process of the same name had in hand when it died."""
    await conn.execute(
        """
        UPDATE message SET lease_until = NULL, leased_by = NULL
        WHERE leased_by = $1 AND state = 'waiting' AND lease_until IS NOT NULL
        """,
        holder,
    )

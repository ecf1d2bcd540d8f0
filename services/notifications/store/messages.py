"""What is owed to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.notifications import core
from shared.tx import Connection

State = Literal["waiting", "sent", "failed", "withdrawn"]
MAIL = "mail"


async def add(conn: Connection, notices: Sequence[tuple[UUID, core.Notice]], cause: core.Cause) -> None:
    """Notices with their new ids. What is owed to somebody for the same cause already stays as it is.

    Nothing is owed to somebody who was erased.
    """
    await conn.executemany(
        """
        INSERT INTO message (id, recipient_id, cause, traceparent, correlation_id, kind, channel, caused_at,
            due_at, useful_until, programme_id, match_id, reason, session_id, ordinal, sequence, starts_at,
            ends_at, mode, was_at, calendar)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
        WHERE NOT EXISTS (SELECT FROM erased_person WHERE person_id = $2)
        ON CONFLICT (recipient_id, cause, kind, channel) DO NOTHING
        """,
        [_row(message_id, notice, cause) for message_id, notice in notices],
    )


def _row(message_id: UUID, notice: core.Notice, cause: core.Cause) -> tuple[object, ...]:
    meeting = notice.meeting
    return (
        message_id,
        notice.recipient_id,
        cause.id,
        cause.traceparent,
        cause.correlation_id,
        notice.kind,
        MAIL,
        notice.caused_at,
        notice.due_at,
        notice.useful_until,
        notice.programme_id,
        notice.pair.match_id if notice.pair else None,
        notice.reason,
        meeting.session_id if meeting else None,
        meeting.ordinal if meeting else None,
        meeting.sequence if meeting else None,
        meeting.starts_at if meeting else None,
        meeting.ends_at if meeting else None,
        meeting.mode if meeting else None,
        meeting.was_at if meeting else None,
        notice.calendar,
    )


async def withdraw_for_session(conn: Connection, session_id: UUID, kinds: Collection[core.Kind]) -> None:
    """Takes back what was not sent and is not being sent."""
    await conn.execute(
        """
        UPDATE message SET state = 'withdrawn'
        WHERE session_id = $1 AND kind = ANY($2) AND state = 'waiting'
          AND lease_until IS NULL AND attempts = 0
        """,
        session_id,
        list(kinds),
    )


async def withdraw_for_match(conn: Connection, match_id: UUID, kinds: Collection[core.Kind]) -> None:
    await conn.execute(
        """
        UPDATE message SET state = 'withdrawn'
        WHERE match_id = $1 AND kind = ANY($2) AND state = 'waiting'
          AND lease_until IS NULL AND attempts = 0
        """,
        match_id,
        list(kinds),
    )


async def withdraw_from(conn: Connection, recipient_id: UUID) -> None:
    """Nothing more is owed to somebody, but what is being sent at this moment."""
    await conn.execute(
        """
        UPDATE message SET state = 'withdrawn'
        WHERE recipient_id = $1 AND state = 'waiting' AND lease_until IS NULL
        """,
        recipient_id,
    )


async def withdraw_about(
    conn: Connection, match_id: UUID, recipient_id: UUID, kinds: Collection[core.Kind]
) -> None:
    """Takes back what one of a pair was to be told and was not."""
    await conn.execute(
        """
        UPDATE message SET state = 'withdrawn'
        WHERE match_id = $1 AND recipient_id = $2 AND kind = ANY($3) AND state = 'waiting'
          AND lease_until IS NULL AND attempts = 0
        """,
        match_id,
        recipient_id,
        list(kinds),
    )


async def due_again(conn: Connection, recipient_id: UUID, now: datetime) -> None:
    """What waited for the end of a leave is due now."""
    await conn.execute(
        """
        UPDATE message SET due_at = $2
        WHERE recipient_id = $1 AND state = 'waiting' AND due_at < $2 AND lease_until IS NULL
        """,
        recipient_id,
        now,
    )


async def invitation_waits(conn: Connection, session_id: UUID) -> bool:
    """Whether an invitation is owed that nobody has in hand: it is not taken in hand before we are done."""
    found = await conn.fetchval(
        """
        SELECT id FROM message WHERE session_id = $1 AND kind = ANY($2) AND state = 'waiting'
          AND lease_until IS NULL LIMIT 1 FOR UPDATE
        """,
        session_id,
        list(core.INVITATIONS),
    )
    return found is not None


async def told_of_session(conn: Connection, session_id: UUID) -> set[UUID]:
    """Who has the session in their calendar, as far as we know."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT recipient_id FROM message
        WHERE session_id = $1 AND calendar AND state IN ('waiting', 'sent')
        """,
        session_id,
    )
    return {row["recipient_id"] for row in rows}


async def told_of_match(conn: Connection, match_id: UUID, kind: core.Kind) -> set[UUID]:
    rows = await conn.fetch(
        """
        SELECT DISTINCT recipient_id FROM message
        WHERE match_id = $1 AND kind = $2 AND state IN ('waiting', 'sent')
        """,
        match_id,
        kind,
    )
    return {row["recipient_id"] for row in rows}


@dataclass(frozen=True)
class Listed:
    """A message as the organisation may see it: no words, no addresses."""

    id: UUID
    recipient_id: UUID
    cause: UUID
    kind: str
    channel: str
    state: State
    calendar: bool
    caused_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str | None
    created_at: datetime


async def listed(
    conn: Connection,
    *,
    state: State | None,
    recipient_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Listed]:
    """The next `limit` in the order of their making."""
    rows = await conn.fetch(
        """
        SELECT id, recipient_id, cause, kind, channel, state, calendar, caused_at, due_at, sent_at, attempts,
            error, created_at
        FROM message
        WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR recipient_id = $2)
          AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid))
        ORDER BY created_at, id LIMIT $5
        """,
        state,
        recipient_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [Listed(**dict(row)) for row in rows]


async def find(conn: Connection, message_id: UUID) -> Listed | None:
    row = await conn.fetchrow(
        """
        SELECT id, recipient_id, cause, kind, channel, state, calendar, caused_at, due_at, sent_at, attempts,
            error, created_at
        FROM message WHERE id = $1
        """,
        message_id,
    )
    return Listed(**dict(row)) if row else None


@dataclass(frozen=True)
class Figures:
    """Counts of messages of one kind; delays in seconds of business time from the event to the sending."""

    kind: str
    waiting: int
    sent: int
    failed: int
    withdrawn: int
    delay_s_median: float | None
    delay_s_max: float | None


async def figures(conn: Connection) -> list[Figures]:
    rows = await conn.fetch(
        """
        SELECT kind,
            count(*) FILTER (WHERE state = 'waiting') AS waiting,
            count(*) FILTER (WHERE state = 'sent') AS sent,
            count(*) FILTER (WHERE state = 'failed') AS failed,
            count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - caused_at))
                AS delay_s_median,
            max(extract(epoch FROM sent_at - caused_at))::float8 AS delay_s_max
        FROM message GROUP BY kind ORDER BY kind
        """
    )
    return [Figures(**dict(row)) for row in rows]

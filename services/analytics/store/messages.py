"""Mails that were sent or given up: when they were due and when they went, never what they said."""

from __future__ import annotations

from collections.abc import Sequence

from services.analytics.store.rows import columns
from shared.events import MessageFailed, MessageSent
from shared.tx import Connection


async def put_sent(conn: Connection, events: Sequence[MessageSent]) -> None:
    await conn.execute(
        """
        INSERT INTO message AS m (message_id, recipient_id, kind, channel, calendar, due_at, attempts,
                                  sent_at)
        SELECT DISTINCT ON (message_id) message_id, recipient_id, kind, channel, calendar, due_at, attempts,
               at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[],
                    $7::int[], $8::timestamptz[])
             AS n (message_id, recipient_id, kind, channel, calendar, due_at, attempts, at)
        ORDER BY message_id, at
        ON CONFLICT (message_id) DO UPDATE SET
            calendar = excluded.calendar, attempts = greatest(m.attempts, excluded.attempts),
            sent_at = least(m.sent_at, excluded.sent_at)
        """,
        *columns(
            (e.message_id, e.recipient_id, e.kind, e.channel, e.calendar, e.due_at, e.attempts, e.at)
            for e in events
        ),
    )


async def put_failed(conn: Connection, events: Sequence[MessageFailed]) -> None:
    """The reason is left out: a mail server's words may hold an address."""
    await conn.execute(
        """
        INSERT INTO message AS m (message_id, recipient_id, kind, channel, due_at, attempts, failed_at)
        SELECT DISTINCT ON (message_id) message_id, recipient_id, kind, channel, due_at, attempts, at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::int[],
                    $7::timestamptz[])
             AS n (message_id, recipient_id, kind, channel, due_at, attempts, at)
        ORDER BY message_id, at
        ON CONFLICT (message_id) DO UPDATE SET
            attempts = greatest(m.attempts, excluded.attempts),
            failed_at = least(m.failed_at, excluded.failed_at)
        """,
        *columns(
            (e.message_id, e.recipient_id, e.kind, e.channel, e.due_at, e.attempts, e.at) for e in events
        ),
    )

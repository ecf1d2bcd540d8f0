"""What notifications keeps of people, and what an erasure does to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.privacy import Place
from shared.tx import Connection

ERASED = (
    Place("person", "DELETE FROM person WHERE person_id = $1"),
    Place("absence", "DELETE FROM absence WHERE person_id = $1"),
    Place(
        "message",
        """
        UPDATE message SET state = 'withdrawn', lease_until = NULL, leased_by = NULL, not_before = NULL
        WHERE recipient_id = $1 AND state = 'waiting'
        """,
    ),
)
"""What waits is never sent. Of what was sent no words and no address are kept: ids, a kind and times stay for
the totals."""

WITHOUT: Mapping[str, str] = {
    "programme": "names of programmes",
    "pair": "ids and dates",
    "meeting": "ids and states",
}
"""Tables in which nothing is to be deleted, and why."""


async def forget_messages(conn: Connection, before: datetime, limit: int) -> int:
    """Deletes what is settled and was caused before a moment; returns how many."""
    return int(
        await conn.fetchval(
            """
            WITH gone AS (
                DELETE FROM message WHERE id IN (
                    SELECT id FROM message WHERE state <> 'waiting' AND caused_at < $1 LIMIT $2)
                RETURNING id
            )
            SELECT count(*) FROM gone
            """,
            before,
            limit,
        )
    )

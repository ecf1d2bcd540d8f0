"""What scheduling does when the time has come."""

from __future__ import annotations

from datetime import datetime

from services.scheduling import commands, core, store
from shared.service import every
from shared.tx import Connection, Tx

BATCH_MAX = 50


async def book_sessions(tx: Tx) -> None:
    """Books the next session of the pairs that wait for one."""
    await commands.bookings.book(tx, BATCH_MAX)


async def miss_unanswered(tx: Tx) -> None:
    """Counts a session as missed when for three days after its end nobody has said that it happened."""
    before = tx.now - core.sessions.ANSWER_WITHIN
    for session_id in await store.sessions.ended_unanswered(tx.conn, before, BATCH_MAX):
        await commands.sessions.miss_unanswered(tx, session_id)


async def next_unanswered_at(conn: Connection) -> datetime | None:
    end = await store.sessions.first_unanswered_end(conn)
    return None if end is None else end + core.sessions.ANSWER_WITHIN


JOBS = (
    every(60, book_sessions, store.bookings.next_at),
    every(60, miss_unanswered, next_unanswered_at),
)

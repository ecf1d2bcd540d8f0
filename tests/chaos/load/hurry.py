"""The hand that lets time pass for one pair: its booking is due now, its session lies behind it.

On the wall clock a session is days away. The rows are changed as the owner of the tables; nothing is said.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import asyncpg

APART = timedelta(hours=1)
BOOK_NOW = "UPDATE booking SET book_at = now() WHERE match_id = $1 AND book_at > now()"
MOVE_TIME = """
UPDATE busy_time SET starts_at = $2::timestamptz, ends_at = $2::timestamptz + (ends_at - starts_at)
WHERE session_id = $1
"""
MOVE_SESSION = """
UPDATE session SET starts_at = $2::timestamptz, ends_at = $2::timestamptz + (ends_at - starts_at),
       starts_wall = starts_wall - (starts_at - $2::timestamptz)
WHERE session_id = $1 AND state = 'scheduled'
"""
AGAIN_S = 0.3
PATIENCE_S = 60.0
DOWN = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.DeadlockDetectedError,
)


class Hurry:
    """Each session that is hurried gets an hour of its own, further and further back: none overlap."""

    def __init__(self, owner_dsn: str) -> None:
        self.dsn = owner_dsn
        self._hours = count(2)
        self._began = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    async def book(self, match_id: str) -> None:
        await self._do((BOOK_NOW, UUID(match_id)))

    async def pass_by(self, session_id: str) -> None:
        at = self._began - next(self._hours) * APART
        await self._do((MOVE_TIME, UUID(session_id), at), (MOVE_SESSION, UUID(session_id), at))

    async def _do(self, *statements: tuple[object, ...]) -> None:
        """All or nothing, and again while the server is away."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._once(statements)
            except DOWN:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def _once(self, statements: Sequence[tuple[object, ...]]) -> None:
        conn = await asyncpg.connect(self.dsn, timeout=5, command_timeout=10)
        try:
            async with conn.transaction():
                for statement, *arguments in statements:
                    await conn.execute(str(statement), *arguments)
        finally:
            conn.terminate()

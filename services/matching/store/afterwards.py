"""Rows of who wants to go on after a match."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.matching.core.ids import MatchId, PersonId
from shared.tx import Connection


async def want_on(conn: Connection, match_id: MatchId, person_id: PersonId, at: datetime) -> None:
    """Said twice is said once."""
    await conn.execute(
        """
        INSERT INTO continuation (match_id, person_id, said_at) VALUES ($1, $2, $3)
        ON CONFLICT (match_id, person_id) DO NOTHING
        """,
        match_id,
        person_id,
        at,
    )


async def wanting(conn: Connection, match_id: UUID) -> list[PersonId]:
    rows = await conn.fetch("SELECT person_id FROM continuation WHERE match_id = $1", match_id)
    return [PersonId(row["person_id"]) for row in rows]

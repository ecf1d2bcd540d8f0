"""Which flash talks are given away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.matching.core.ids import ParticipationId
from shared.tx import Connection


async def taken(
    conn: Connection, programme_id: UUID, *, besides: UUID | None = None
) -> dict[ParticipationId, list[datetime]]:
    """The times of a programme's mentors that are proposed or promised; those of the run `besides` count as
    free."""
    rows = await conn.fetch(
        """
        SELECT mentor_participation_id, talk_at FROM match
        WHERE programme_id = $1 AND talk_at IS NOT NULL AND state IN ('proposed', 'active')
          AND ($2::uuid IS NULL OR run_id IS DISTINCT FROM $2)
        """,
        programme_id,
        besides,
    )
    found: dict[ParticipationId, list[datetime]] = {}
    for row in rows:
        found.setdefault(row["mentor_participation_id"], []).append(row["talk_at"])
    return found

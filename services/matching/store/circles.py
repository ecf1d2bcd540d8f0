"""Which circles there are: the groups of open matches."""

from __future__ import annotations

from uuid import UUID

from services.matching.core.ids import GroupId, ParticipationId
from shared.tx import Connection


async def open_groups(conn: Connection, programme_id: UUID) -> dict[ParticipationId, GroupId]:
    """The circle of each mentor of a programme who has one that is proposed or meets."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT mentor_participation_id, group_id FROM match
        WHERE programme_id = $1 AND group_id IS NOT NULL AND state IN ('proposed', 'active')
        """,
        programme_id,
    )
    return {row["mentor_participation_id"]: row["group_id"] for row in rows}

"""What is too old to be kept."""

from __future__ import annotations

from datetime import datetime

from services.matching.core.ids import PersonId
from shared.tx import Connection


async def forget_facts(conn: Connection, before: datetime, limit: int) -> int:
    """Empties facts that were received before a moment and do not matter any more; that there were such facts
    stays, so that they are known when they come again."""
    return int(
        await conn.fetchval(
            """
            WITH emptied AS (
                UPDATE hris_fact SET fields = '{}', work_email = NULL, reason = ''
                WHERE (source, event_id) IN (
                    SELECT source, event_id FROM hris_fact
                    WHERE received_at < $1 AND (settled OR state = 'rejected') AND fields <> '{}' LIMIT $2)
                RETURNING event_id
            )
            SELECT count(*) FROM emptied
            """,
            before,
            limit,
        )
    )


async def forget_requests(conn: Connection, before: datetime, limit: int) -> int:
    """Deletes what mentees wrote who asked by name, where match or proposal were over before a moment."""
    return int(
        await conn.fetchval(
            """
            WITH gone AS (
                DELETE FROM request WHERE match_id IN (
                    SELECT r.match_id FROM request r JOIN match m ON m.id = r.match_id
                    WHERE m.state NOT IN ('proposed', 'active')
                      AND coalesce(m.ended_at, m.answer_by) < $1 LIMIT $2)
                RETURNING match_id
            )
            SELECT count(*) FROM gone
            """,
            before,
            limit,
        )
    )


async def former_people(conn: Connection, before: datetime, limit: int) -> list[PersonId]:
    """Who left before a moment, and whose erasure nobody has asked for yet, or taken back."""
    rows = await conn.fetch(
        """
        SELECT p.id FROM person p
        WHERE p.status = 'terminated' AND p.terminated_on < $1::timestamptz::date
          AND NOT EXISTS (SELECT FROM erasure e WHERE e.person_id = p.id) ORDER BY p.id LIMIT $2
        """,
        before,
        limit,
    )
    return [PersonId(row["id"]) for row in rows]


async def asked_by_hr(conn: Connection, limit: int) -> list[PersonId]:
    """Whose erasure HR asked for, and who have none, and had none that was cancelled."""
    rows = await conn.fetch(
        """
        SELECT p.id FROM person p
        WHERE p.erase_asked AND NOT EXISTS (SELECT FROM erasure e WHERE e.person_id = p.id)
        ORDER BY p.id LIMIT $1
        """,
        limit,
    )
    return [PersonId(row["id"]) for row in rows]

"""The list of pairs: who with whom, how it stands, when they met and meet next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.analytics.core.pairs import Pair
from shared.tx import Connection

LIST = """
WITH listed AS (
    SELECT m.match_id, m.mentee_id, m.mentor_id, m.score,
           coalesce(m.made_at, m.proposed_at, m.declined_at, m.ended_at, m.continued_at) AS since,
           CASE WHEN m.continued_at IS NOT NULL THEN 'informal'
                WHEN m.ended_at IS NOT NULL THEN 'ended' WHEN m.made_at IS NOT NULL THEN 'active'
                WHEN m.declined_at IS NOT NULL THEN 'declined' ELSE 'proposed' END AS state,
           coalesce(m.ended_reason, m.declined_reason) AS reason
    FROM match m WHERE m.programme_id = $1
)
SELECT l.match_id, l.state, l.reason, l.since, l.score,
       coalesce(e.name, x.name, '') AS mentee, coalesce(e.department, '') AS mentee_department,
       coalesce(o.name, y.name, '') AS mentor, coalesce(o.department, '') AS mentor_department,
       a.confirmed_at, s.next_at, s.last_at, coalesce(s.held, 0) AS held,
       EXISTS (SELECT FROM participant p WHERE p.programme_id = $1 AND p.role = 'peer') AS peer
FROM listed l
LEFT JOIN person e ON e.person_id = l.mentee_id
LEFT JOIN person o ON o.person_id = l.mentor_id
LEFT JOIN (SELECT person_id, 'A former colleague' AS name FROM erased_person) x ON x.person_id = l.mentee_id
LEFT JOIN (SELECT person_id, 'A former colleague' AS name FROM erased_person) y ON y.person_id = l.mentor_id
LEFT JOIN LATERAL (
    SELECT min(confirmed_at) AS confirmed_at FROM agreement WHERE agreement.match_id = l.match_id
) a ON true
LEFT JOIN LATERAL (
    SELECT min(p.starts_at) FILTER (WHERE p.starts_at > $2 AND n.cancelled_at IS NULL AND n.missed_at IS NULL
                                      AND n.completed_at IS NULL) AS next_at,
           max(p.starts_at) FILTER (WHERE n.completed_at IS NOT NULL) AS last_at,
           count(*) FILTER (WHERE n.completed_at IS NOT NULL) AS held
    FROM session n JOIN LATERAL (
        SELECT starts_at FROM session_plan WHERE session_plan.session_id = n.session_id
        ORDER BY sequence DESC, said_at DESC, starts_at DESC LIMIT 1
    ) p ON true
    WHERE n.match_id = l.match_id
) s ON true
WHERE l.state = ANY ($3::text[])
  AND ($4 = '' OR strpos(lower(concat_ws(' ', e.name, e.department, o.name, o.department)), $4) > 0)
ORDER BY l.since DESC, l.match_id DESC LIMIT $5
"""


async def pairs(
    conn: Connection,
    programme_id: UUID,
    now: datetime,
    *,
    states: Sequence[str],
    text: str = "",
    limit: int,
) -> tuple[Pair, ...]:
    """Pairs in one of the states whose names or departments contain the text, newest first."""
    rows = await conn.fetch(
        LIST,
        *(programme_id, now, list(states), text.strip().lower(), limit),
    )
    return tuple(Pair(*row) for row in rows)


async def count_states(conn: Connection, programme_id: UUID) -> Mapping[str, int]:
    """How many pairs of a programme are in each state."""
    rows = await conn.fetch(
        """
        SELECT CASE WHEN continued_at IS NOT NULL THEN 'informal'
                    WHEN ended_at IS NOT NULL THEN 'ended' WHEN made_at IS NOT NULL THEN 'active'
                    WHEN declined_at IS NOT NULL THEN 'declined' ELSE 'proposed' END AS state,
               count(*) AS many
        FROM match WHERE programme_id = $1 GROUP BY 1
        """,
        programme_id,
    )
    return {row["state"]: row["many"] for row in rows}

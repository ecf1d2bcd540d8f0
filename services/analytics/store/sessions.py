"""Sessions and the ratings of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from services.analytics.core.sessions import SessionFact
from services.analytics.store.rows import columns
from shared.events import FeedbackSubmitted
from shared.tx import Connection

PUT_SESSIONS = """
INSERT INTO session AS s (session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, sequence,
                          starts_at, ends_at, scheduled_at, moved_at, cancelled_at, cancelled_late,
                          missed_at, completed_at)
SELECT DISTINCT ON (session_id) session_id, match_id, programme_id, mentee_id, mentor_id, ordinal,
       sequence, starts_at, ends_at,
       min(scheduled_at) OVER w, max(moved_at) OVER w, min(cancelled_at) OVER w,
       bool_or(cancelled_late) OVER w, min(missed_at) OVER w, min(completed_at) OVER w
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::int[],
            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],
            $12::timestamptz[], $13::boolean[], $14::timestamptz[], $15::timestamptz[])
     AS n (session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, sequence, starts_at,
           ends_at, scheduled_at, moved_at, cancelled_at, cancelled_late, missed_at, completed_at)
WINDOW w AS (PARTITION BY session_id)
ORDER BY session_id, sequence DESC
ON CONFLICT (session_id) DO UPDATE SET
    sequence = greatest(s.sequence, excluded.sequence),
    starts_at = CASE WHEN excluded.sequence > s.sequence THEN excluded.starts_at ELSE s.starts_at END,
    ends_at = CASE WHEN excluded.sequence > s.sequence THEN excluded.ends_at ELSE s.ends_at END,
    scheduled_at = least(s.scheduled_at, excluded.scheduled_at),
    moved_at = greatest(s.moved_at, excluded.moved_at),
    cancelled_at = least(s.cancelled_at, excluded.cancelled_at),
    cancelled_late = coalesce(s.cancelled_late OR excluded.cancelled_late, s.cancelled_late,
                              excluded.cancelled_late),
    missed_at = least(s.missed_at, excluded.missed_at),
    completed_at = least(s.completed_at, excluded.completed_at)
"""


async def put_sessions(conn: Connection, facts: Sequence[SessionFact]) -> None:
    """Fills in what each fact says: of the place in time the highest sequence, of a moment the first."""
    await conn.execute(PUT_SESSIONS, *columns(astuple(fact) for fact in facts))


async def put_feedback(conn: Connection, events: Sequence[FeedbackSubmitted]) -> None:
    """Ratings and codes; each author answers once for a session."""
    await conn.execute(
        """
        INSERT INTO feedback (session_id, author_id, match_id, programme_id, ordinal, author_role,
                              rating_overall, rating_usefulness, rating_listening, fit, submitted_at)
        SELECT session_id, author_id, match_id, programme_id, ordinal, author_role, overall, usefulness,
               listening, fit, at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::int[],
                    $8::int[], $9::int[], $10::text[], $11::timestamptz[])
             AS n (session_id, author_id, match_id, programme_id, ordinal, author_role, overall, usefulness,
                   listening, fit, at)
        ORDER BY session_id, author_id
        ON CONFLICT (session_id, author_id) DO NOTHING
        """,
        *columns(
            (
                *(e.session_id, e.author_id, e.match_id, e.programme_id, e.ordinal, e.author_role),
                *(e.ratings.get(name) for name in ("overall", "usefulness", "listening")),
                *(e.fit, e.at),
            )
            for e in events
        ),
    )

"""Sessions and the ratings of them."""

from __future__ import annotations

from collections.abc import Sequence

from services.analytics.core.sessions import SessionFact
from services.analytics.store.rows import columns
from shared.events import FeedbackSubmitted
from shared.tx import Connection

PUT_SESSIONS = """
INSERT INTO session AS s (session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, scheduled_at,
                          cancelled_at, cancelled_late, missed_at, completed_at)
SELECT DISTINCT ON (session_id) session_id, match_id, programme_id, mentee_id, mentor_id, ordinal,
       min(scheduled_at) OVER w, cancelled_at, cancelled_late, min(missed_at) OVER w, min(completed_at) OVER w
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::timestamptz[],
            $8::timestamptz[], $9::boolean[], $10::timestamptz[], $11::timestamptz[])
     AS n (session_id, match_id, programme_id, mentee_id, mentor_id, ordinal, scheduled_at, cancelled_at,
           cancelled_late, missed_at, completed_at)
WINDOW w AS (PARTITION BY session_id)
ORDER BY session_id, cancelled_at, cancelled_late
ON CONFLICT (session_id) DO UPDATE SET
    scheduled_at = least(s.scheduled_at, excluded.scheduled_at),
    (cancelled_at, cancelled_late) = (
        SELECT at, late
        FROM (VALUES (s.cancelled_at, s.cancelled_late), (excluded.cancelled_at, excluded.cancelled_late))
             AS told (at, late)
        ORDER BY at, late LIMIT 1
    ),
    missed_at = least(s.missed_at, excluded.missed_at),
    completed_at = least(s.completed_at, excluded.completed_at)
"""


async def put_sessions(conn: Connection, facts: Sequence[SessionFact]) -> None:
    """Fills in what each fact says of what became of a session: of a moment the first."""
    await conn.execute(
        PUT_SESSIONS,
        *columns(
            (
                *(f.session_id, f.match_id, f.programme_id, f.mentee_id, f.mentor_id, f.ordinal),
                *(f.scheduled_at, f.cancelled_at, f.cancelled_late, f.missed_at, f.completed_at),
            )
            for f in facts
        ),
    )


async def put_plans(conn: Connection, facts: Sequence[SessionFact]) -> None:
    """Every place in time that was said of a session, with its sequence."""
    await conn.execute(
        """
        INSERT INTO session_plan (session_id, sequence, said_at, starts_at, ends_at, programme_id)
        SELECT session_id, sequence, said_at, starts_at, ends_at, programme_id
        FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                    $6::uuid[])
             AS n (session_id, sequence, said_at, starts_at, ends_at, programme_id)
        ORDER BY session_id, sequence, said_at, starts_at, ends_at
        ON CONFLICT DO NOTHING
        """,
        *columns(
            (f.session_id, f.sequence, f.said_at, f.starts_at, f.ends_at, f.programme_id) for f in facts
        ),
    )


async def put_feedback(conn: Connection, events: Sequence[FeedbackSubmitted]) -> None:
    """Ratings and codes; each author answers once for a session, and the first answer counts."""
    await conn.execute(
        """
        INSERT INTO feedback AS f (session_id, author_id, match_id, programme_id, ordinal, author_role,
                                   rating_overall, rating_usefulness, rating_listening, fit, submitted_at)
        SELECT DISTINCT ON (session_id, author_id) session_id, author_id, match_id, programme_id, ordinal,
               author_role, overall, usefulness, listening, fit, at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::int[],
                    $8::int[], $9::int[], $10::text[], $11::timestamptz[])
             AS n (session_id, author_id, match_id, programme_id, ordinal, author_role, overall, usefulness,
                   listening, fit, at)
        ORDER BY session_id, author_id, at, overall, usefulness, listening, fit
        ON CONFLICT (session_id, author_id) DO UPDATE SET
            rating_overall = excluded.rating_overall, rating_usefulness = excluded.rating_usefulness,
            rating_listening = excluded.rating_listening, fit = excluded.fit,
            submitted_at = excluded.submitted_at
        WHERE excluded.submitted_at < f.submitted_at
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

"""What scheduling shows people of themselves who ask for their data."""

from __future__ import annotations

from shared.access import Shown

SHOWN = (
    Shown(
        "Your working hours",
        'SELECT g.name AS programme, p.role, p.hours AS "weekday, opens, closes (minutes)",'
        " p.joined_at AS joined"
        " FROM participation p LEFT JOIN programme g USING (programme_id)"
        " WHERE p.person_id = $1 ORDER BY p.joined_at",
    ),
    Shown(
        "What you agreed on",
        'SELECT a.made_at AS since, a.state, a.hours_per_month AS "hours per month", a.cadence, a.focus,'
        " a.confirmed_at AS confirmed, a.ended_at AS ended, a.ended_reason AS why"
        " FROM agreement a WHERE a.mentee_id = $1 OR a.mentor_id = $1 ORDER BY a.made_at",
    ),
    Shown(
        "Your sessions",
        "SELECT s.starts_at AS starts, s.ends_at AS ends, s.state, s.mode FROM session s"
        " JOIN agreement a USING (match_id) WHERE a.mentee_id = $1 OR a.mentor_id = $1 ORDER BY s.starts_at",
    ),
    Shown(
        "Feedback you wrote",
        'SELECT f.submitted_at AS "when", f.went_well AS "went well", f.to_improve AS "to improve",'
        " f.encouragement, f.rating_overall AS overall, f.rating_usefulness AS usefulness,"
        ' f.rating_listening AS listening, f.fit, f.share AS "who may read it"'
        " FROM feedback f WHERE f.author_id = $1 ORDER BY f.submitted_at",
    ),
    Shown(
        "Feedback that was written for you",
        'SELECT f.submitted_at AS "when", f.went_well AS "went well", f.to_improve AS "to improve",'
        " f.encouragement FROM feedback f JOIN feedback_reader r USING (feedback_id)"
        " WHERE r.reader_id = $1 AND f.about_id = $1 ORDER BY f.submitted_at",
    ),
)
"""Of what others wrote only what was written for the reader: the rest is theirs."""

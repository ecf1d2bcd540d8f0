"""What scheduling keeps of people, and what an erasure does to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.privacy import Place
from shared.tx import Connection

ERASED = (
    Place("person", "DELETE FROM person WHERE person_id = $1"),
    Place("participation", "DELETE FROM participation WHERE person_id = $1"),
    Place("absence", "DELETE FROM absence WHERE person_id = $1"),
    Place("busy_time", "DELETE FROM busy_time WHERE person_id = $1"),
    Place(
        "feedback_reader",
        "DELETE FROM feedback_reader r USING feedback f"
        " WHERE f.feedback_id = r.feedback_id AND (f.author_id = $1 OR f.about_id = $1)",
    ),
    Place(
        "feedback",
        "UPDATE feedback SET went_well = '', to_improve = '', encouragement = ''"
        " WHERE (author_id = $1 OR about_id = $1) AND (went_well, to_improve, encouragement) <> ('', '', '')",
    ),
)
"""In this order. Of feedback the words go, also those about the person; ratings stay for the totals."""

WITHOUT: Mapping[str, str] = {
    "programme": "names of programmes",
    "agreement": "ids, codes and dates of a pair",
    "booking": "ids and times",
    "session": "ids, times and codes",
}
"""Tables in which nothing is to be deleted, and why."""


async def forget_words(conn: Connection, before: datetime, limit: int) -> int:
    """Empties the feedback of pairs that ended before a moment; returns of how many sessions' authors."""
    return int(
        await conn.fetchval(
            "WITH old AS (SELECT f.feedback_id FROM feedback f JOIN session USING (session_id)"
            "   JOIN agreement a USING (match_id) WHERE a.state = 'closed' AND a.ended_at < $1"
            "   AND (f.went_well, f.to_improve, f.encouragement) <> ('', '', '') LIMIT $2),"
            " unread AS (DELETE FROM feedback_reader r USING old WHERE r.feedback_id = old.feedback_id),"
            " emptied AS (UPDATE feedback f SET went_well = '', to_improve = '', encouragement = ''"
            "   FROM old WHERE f.feedback_id = old.feedback_id RETURNING f.feedback_id)"
            " SELECT count(*) FROM emptied",
            before,
            limit,
        )
    )

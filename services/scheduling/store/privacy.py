"""What scheduling keeps of people, and what an erasure does to it."""

from __future__ import annotations

from collections.abc import Mapping

from shared.privacy import Place

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

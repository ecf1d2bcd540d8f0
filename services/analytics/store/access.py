"""What analytics shows people of themselves who ask for their data."""

from __future__ import annotations

from shared.access import Shown

SHOWN = (
    Shown("Your card in figures", "SELECT name, department, site FROM person WHERE person_id = $1"),
    Shown(
        "What was told of your status",
        """
        SELECT said_at AS "when", status FROM person_status WHERE person_id = $1 ORDER BY said_at, version
        """,
    ),
    Shown(
        "Ratings you gave",
        """
        SELECT submitted_at AS "when", rating_overall AS overall, rating_usefulness AS usefulness,
               rating_listening AS listening, fit
        FROM feedback WHERE author_id = $1 ORDER BY submitted_at
        """,
    ),
)

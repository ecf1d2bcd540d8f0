"""What notifications shows people of themselves who ask for their data."""

from __future__ import annotations

from shared.access import Shown

SHOWN = (
    Shown(
        "Mails to you",
        """
        SELECT kind, state, due_at AS "due", sent_at AS "sent" FROM message
        WHERE recipient_id = $1 ORDER BY due_at, id
        """,
    ),
)
"""Their words are not kept."""

"""What one of a pair says about a session."""

from __future__ import annotations

from services.scheduling import core, store
from services.scheduling.commands import phrases
from services.scheduling.core.ids import PersonId, SessionId
from shared import envelope
from shared.tx import Connection, Tx


async def opened(
    conn: Connection, session_id: SessionId, author_id: PersonId
) -> tuple[core.agreements.Agreement, core.sessions.Session]:
    """The pair and the session on which this author may give feedback.

    Raises NotFound, NotOfThisPair and FeedbackNotOpen where the session has not taken place.
    """
    session = await store.sessions.get(conn, session_id)
    agreement = await store.agreements.get(conn, session.match_id)
    agreement.role_of(author_id)
    if session.state != "completed":
        raise core.feedback.FeedbackNotOpen("Feedback opens when the session has taken place.")
    return agreement, session


async def give(tx: Tx, session_id: SessionId, author_id: PersonId, given: core.feedback.Feedback) -> None:
    """Keeps the feedback with its readers; ratings and codes are said, the text is not.

    Raises what `opened` raises, and AlreadyGiven where this author was here before.
    """
    agreement, session = await opened(tx.conn, session_id, author_id)
    about_id = agreement.partner_of(author_id)
    feedback_id = envelope.new_id()
    new = await store.feedback.add(
        tx.conn, feedback_id, session_id, given, author_id=author_id, about_id=about_id, at=tx.now
    )
    if not new:
        raise core.feedback.AlreadyGiven("You have given feedback on this session already. Thank you.")
    readers = core.feedback.readers(given, author_id, about_id)
    await store.feedback.add_readers(tx.conn, feedback_id, readers)
    role = agreement.role_of(author_id)
    tx.emit(
        phrases.rated(session, given, author_id=author_id, author_role=role, about_id=about_id, at=tx.now)
    )

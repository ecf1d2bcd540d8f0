"""What matching learns from its neighbours."""

from __future__ import annotations

from collections.abc import Mapping

from services.matching import commands, core, store
from shared.errors import Early
from shared.events import Event, FeedbackSubmitted, PersonForgotten
from shared.service import Handler
from shared.tx import Tx


async def on_feedback_submitted(event: FeedbackSubmitted, tx: Tx) -> None:
    """Keeps what partners think of each other; a pair that does not fit after its first session is parted."""
    match = await store.matches.find_locked(tx.conn, event.match_id)
    if match is None:
        raise Early(f"match {event.match_id}")
    rating = core.matches.rating(event.ratings)
    if rating is not None:
        await store.matches.rate(
            tx.conn,
            session_id=event.session_id,
            author_id=event.author_id,
            about_id=event.about_id,
            about_role="mentor" if event.author_role == "mentee" else "mentee",
            rating=rating,
            at=event.at,
        )
    if match.state == "active" and event.ordinal == 1 and event.fit == "not-good":
        await commands.matches.end(tx, match, "not-a-good-fit")


async def on_person_forgotten(event: PersonForgotten, tx: Tx) -> None:
    """A service's receipt of an erasure."""
    await commands.privacy.take_receipt(tx, event)


CONSUMERS: Mapping[type[Event], Handler] = {
    FeedbackSubmitted: on_feedback_submitted,
    PersonForgotten: on_person_forgotten,
}

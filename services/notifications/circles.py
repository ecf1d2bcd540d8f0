"""The mentor of a circle is told of a meeting once, not once for each mentee.

To the mentor the meeting is what a session is to a pair: messages and the calendar entry carry its id. To a
mentee it is their own session. Of the sessions of one meeting the events come one by one, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.notifications import core
from services.notifications.store import heard, messages
from shared.tx import Tx


async def meeting_planned(
    tx: Tx, pair: core.Pair, meeting: core.Meeting, cards: Mapping[UUID, core.Card], *, at: datetime
) -> list[core.Notice]:
    """The first that is heard of a meeting plans everything for the mentor, a little later than at once, so
    that the names of all are known when it is written; what is heard after that says who takes part."""
    if not await heard.add_meeting(tx.conn, meeting.session_id, pair.match_id, meeting.sequence):
        return await who_takes_part(tx, pair, meeting, cards, at=at)
    now, only = tx.now + core.SETTLING, {pair.mentor_id}
    return core.announced(pair, meeting, cards, now=now, at=at, only=only)


async def who_takes_part(
    tx: Tx, pair: core.Pair, meeting: core.Meeting, cards: Mapping[UUID, core.Card], *, at: datetime
) -> list[core.Notice]:
    """Somebody joined a meeting or will not be there; nothing where an invitation that waits will say so."""
    if await messages.invitation_waits(tx.conn, meeting.session_id):
        return []
    now, only = tx.now + core.SETTLING, {pair.mentor_id}
    told = core.to_each(
        "circle-changed", pair, cards, now=now, at=at, useful_until=meeting.starts_at, only=only
    )
    return core.about(meeting, told)


async def session_over(tx: Tx, session_id: UUID, state: str) -> None:
    """The mentor is asked no more whether a meeting took place once that is known of all its sessions."""
    meeting_id = await heard.lock_circle_meeting(tx.conn, session_id)
    if meeting_id is not None and not await heard.anybody_comes(tx.conn, meeting_id):
        await heard.close_meeting(tx.conn, meeting_id, state)
        await messages.withdraw_for_session(tx.conn, meeting_id, core.AROUND_SESSION)

"""What was said to people."""

from __future__ import annotations

from pydantic import AwareDatetime

from shared.events.event import Event, MessageId, PersonId


class MessageSent(Event):
    key_field = "recipient_id"

    message_id: MessageId
    recipient_id: PersonId
    kind: str
    channel: str
    calendar: bool
    due_at: AwareDatetime
    attempts: int


class MessageFailed(Event):
    key_field = "recipient_id"

    message_id: MessageId
    recipient_id: PersonId
    kind: str
    channel: str
    due_at: AwareDatetime
    attempts: int
    reason: str

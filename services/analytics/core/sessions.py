"""What each event tells about a session: one shape for five events, so that any of them may come first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

UNPLANNED = -1
"""The sequence of an event that tells what became of a session: any plan knows its place in time better."""


@dataclass(frozen=True)
class SessionFact:
    """What one event says; None where it says nothing. Its place in time holds until a higher sequence."""

    session_id: UUID
    match_id: UUID
    programme_id: UUID
    mentee_id: UUID
    mentor_id: UUID
    ordinal: int
    sequence: int
    said_at: datetime
    starts_at: datetime
    ends_at: datetime | None = None
    scheduled_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_late: bool | None = None
    missed_at: datetime | None = None
    completed_at: datetime | None = None

"""A pair as the console lists it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

STATES = ("active", "proposed", "ended", "informal", "declined")


@dataclass(frozen=True)
class Pair:
    """`since` is when the state of a made match began to count: its making, else its proposal."""

    match_id: UUID
    state: str
    reason: str | None
    since: datetime
    score: float | None
    mentee: str
    mentee_department: str
    mentor: str
    mentor_department: str
    agreed_at: datetime | None
    next_at: datetime | None
    last_at: datetime | None
    held: int
    peer: bool

"""A matching run: what went in, what came out, and who was left waiting and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, Role, RunId


@dataclass(frozen=True)
class Run:
    """`value` is the sum of the integer weights of the proposed pairs. Equal `inputs_hash`, equal pairs."""

    id: RunId
    programme_id: ProgrammeId
    mentees: int
    mentors: int
    feasible_pairs: int
    proposed: int
    value: int
    inputs_hash: str
    created_at: datetime


@dataclass(frozen=True)
class Left:
    """A participation without a partner after a run."""

    participation_id: ParticipationId
    person_id: PersonId
    role: Role
    reason: str
    sentence: str


@dataclass(frozen=True)
class Waiter:
    """Somebody without a partner now; no reason yet where no run has looked at them."""

    participation_id: ParticipationId
    person_id: PersonId
    employee_number: str
    name: str
    role: Role
    reason: str | None
    sentence: str | None
    joined_at: datetime

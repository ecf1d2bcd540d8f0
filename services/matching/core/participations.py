"""What people say when they join, and whether it is enough to be matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, Role

VALUES = ("growth", "autonomy", "stability", "recognition", "service")
STYLES = ("pace", "directness", "structure")
GOALS_MAX = 5
CAPACITY_MAX = 5
LEVEL_MAX = 7


@dataclass(frozen=True)
class Hours:
    """A weekly stretch of local wall time in which a person can meet; 0 is Monday, times are HH:MM."""

    weekday: int
    starts: str
    ends: str


@dataclass(frozen=True)
class Profile:
    """What a person told about themselves. `skills` are levels 1 to 7 by skill code; `values` and `style` are
    answers from 1 to 5; what is not in a mapping was not given."""

    goals: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    style: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True)
class Participation:
    """One person in one programme in one role. A mentee has one seat, a mentor `capacity` of them."""

    id: ParticipationId
    programme_id: ProgrammeId
    person_id: PersonId
    role: Role
    capacity: int
    profile: Profile
    consent: bool
    version: int
    joined_at: datetime

"""What people say when they join, and whether it is enough to be matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, Role
from shared.errors import FieldError, Refused

VALUES = ("growth", "autonomy", "stability", "recognition", "service")
STYLES = ("pace", "directness", "structure", "guidance")
"""`guidance` is the help a mentee wants and a mentor gives: 1 is advice only, 5 is hands-on."""
GOALS_MAX = 5
CAPACITY_MAX = 5
GROUP_MAX = 12
"""The mentees of a circle, or the flash talks of a day, at most."""
LEVEL_MAX = 7
PAUSE_DAYS_MAX = 366

State = Literal["active", "left"]
Away = Literal["leave", "inactive"]


@dataclass(frozen=True)
class Hours:
    """A weekly stretch of local wall time in which a person can meet; 0 is Monday, times are HH:MM."""

    weekday: int
    starts: str
    ends: str


@dataclass(frozen=True)
class Profile:
    """What a person told about themselves, for one role.

    `goals` are what a mentee wants to learn; for a mentor, what they would like to learn in return. `skills`
    are levels 1 to 7 by skill code: what a mentor shares, and what a mentee could share in return. `current`
    is a mentee's own estimate, 0 (new to me) to 7, by skill code of a goal; `learning` codes of how they like
    to learn. `values` and `style` are answers from 1 to 5. What is not in a mapping was not given."""

    goals: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    style: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = ()
    current: Mapping[str, int] = field(default_factory=dict)
    learning: tuple[str, ...] = ()


@dataclass(frozen=True)
class Participation:
    """One person in one programme in one role. A mentee has one seat, a mentor `capacity` of them. Until the
    end of the day `paused_until` nobody is looked for, because the person said so; `away_reason` and
    `away_until` are what HR says. Whoever has left and comes back has a new participation."""

    id: ParticipationId
    programme_id: ProgrammeId
    person_id: PersonId
    role: Role
    capacity: int
    profile: Profile
    consent: bool
    version: int
    joined_at: datetime
    paused_until: date | None = None
    state: State = "active"
    left_at: datetime | None = None
    left_reason: str | None = None
    away_reason: Away | None = None
    away_until: date | None = None


class HasLeft(Refused):
    code = "has-left"


class WrongDay(Refused):
    status = 422
    code = "wrong-day"


def paused(participation: Participation, until: date, *, today: date) -> Participation:
    """Raises WrongDay for a day that is over, or one that is further away than a year; and HasLeft."""
    refuse_left(participation)
    if not today <= until <= today + timedelta(days=PAUSE_DAYS_MAX):
        wrong = FieldError("/until", f"has to be between {today} and {PAUSE_DAYS_MAX} days later")
        raise WrongDay("This is no day to come back after.", [wrong])
    return replace(participation, paused_until=until, version=participation.version + 1)


def refuse_left(participation: Participation) -> None:
    if participation.state == "left":
        raise HasLeft("This participation is over: whoever comes back joins again.")


def left(participation: Participation, reason: str, *, now: datetime) -> Participation:
    """For good. Raises HasLeft."""
    refuse_left(participation)
    return replace(
        participation,
        state="left",
        left_at=now,
        left_reason=reason,
        paused_until=None,
        away_reason=None,
        away_until=None,
        version=participation.version + 1,
    )


def away(participation: Participation, reason: Away, until: date | None) -> Participation:
    """To the end of the day `until`, where that is known."""
    return replace(participation, away_reason=reason, away_until=until, version=participation.version + 1)


def back(participation: Participation) -> Participation:
    """As far as HR is concerned; what the person said of themselves stays."""
    return replace(participation, away_reason=None, away_until=None, version=participation.version + 1)


def resumed(participation: Participation) -> Participation:
    return replace(participation, paused_until=None, version=participation.version + 1)

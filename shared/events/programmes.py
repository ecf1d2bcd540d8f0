"""Programmes, and who takes part in them."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, Field

from shared.events.event import (
    PEER,
    Cadence,
    Event,
    ParticipationId,
    PersonId,
    ProgrammeId,
    Role,
    Value,
)


class ProgrammeChanged(Event):
    key_field = "programme_id"
    compacted = True

    programme_id: ProgrammeId
    version: int
    name: str
    kind: str = Field(description="evergreen or cohort")
    state: str = Field(description="open or closed")
    starts_on: date
    ends_on: date | None
    cadence: Cadence
    hours_per_month: int
    session_minutes: int
    organiser_id: PersonId | None


class WorkingHours(Value):
    """One weekly stretch of local wall time in which a person can meet; `weekday` 0 is Monday."""

    weekday: int = Field(ge=0, le=6)
    starts: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    ends: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")


class ParticipantInvited(Event):
    key_field = "person_id"

    person_id: PersonId
    programme_id: ProgrammeId
    expires_at: AwareDatetime
    peer: bool = Field(False, description="to join as a peer, who learns and helps alike")


class ParticipantJoined(Event):
    """One person in one programme in one role; the hours and languages are what scheduling needs."""

    key_field = "person_id"

    participation_id: ParticipationId
    person_id: PersonId
    programme_id: ProgrammeId
    role: Role
    version: int
    capacity: int
    languages: tuple[str, ...]
    hours: tuple[WorkingHours, ...]
    peer: bool = Field(False, description=PEER)


class ParticipantPaused(Event):
    """Nobody is looked for from `at` to the end of `until` (a day in the person's zone).

    In a leave, and while somebody is inactive, nothing takes place either. Without `until` a leave has no
    known end; of whoever is inactive without one, what is planned stays planned until it is known."""

    key_field = "person_id"

    participation_id: ParticipationId
    person_id: PersonId
    programme_id: ProgrammeId
    role: Role
    version: int
    until: date | None
    reason: str = Field(description="not-now, leave or inactive")
    peer: bool = Field(False, description=PEER)


class ParticipantResumed(Event):
    key_field = "person_id"

    participation_id: ParticipationId
    person_id: PersonId
    programme_id: ProgrammeId
    role: Role
    version: int
    peer: bool = Field(False, description=PEER)


class ParticipantLeft(Event):
    """A participation is over; whoever comes back joins anew, with a new one."""

    key_field = "person_id"

    participation_id: ParticipationId
    person_id: PersonId
    programme_id: ProgrammeId
    role: Role
    version: int
    reason: str = Field(description="left-company, inactive, left-group, withdrew or erased")
    peer: bool = Field(False, description=PEER)

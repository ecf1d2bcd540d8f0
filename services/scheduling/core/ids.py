"""The names of things. The events have the same ids under their own types; our doors translate."""

from __future__ import annotations

from typing import Literal, NewType
from uuid import UUID

PersonId = NewType("PersonId", UUID)
ProgrammeId = NewType("ProgrammeId", UUID)
ParticipationId = NewType("ParticipationId", UUID)
MatchId = NewType("MatchId", UUID)
SessionId = NewType("SessionId", UUID)
GroupId = NewType("GroupId", UUID)
MeetingId = NewType("MeetingId", UUID)

Role = Literal["mentee", "mentor"]
Part = Literal["mentee", "mentor", "peer"]
Cadence = Literal["weekly", "biweekly", "monthly", "quarterly"]

"""The names of things. The events have the same ids under their own types; `said.py` translates."""

from __future__ import annotations

from typing import Literal, NewType
from uuid import UUID

PersonId = NewType("PersonId", UUID)
ProgrammeId = NewType("ProgrammeId", UUID)
ParticipationId = NewType("ParticipationId", UUID)
MatchId = NewType("MatchId", UUID)
RunId = NewType("RunId", UUID)
GroupId = NewType("GroupId", UUID)

Role = Literal["mentee", "mentor", "peer"]
Side = Literal["mentee", "mentor"]
"""Where somebody stands in a match; two peers stand there, too, but are not called so."""
Cadence = Literal["weekly", "biweekly", "monthly", "quarterly"]

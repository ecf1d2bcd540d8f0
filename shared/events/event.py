"""What every event is, and the ids that travel in them."""

from __future__ import annotations

import re
from functools import cache
from typing import ClassVar, Literal, NewType
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

PersonId = NewType("PersonId", UUID)
ProgrammeId = NewType("ProgrammeId", UUID)
ParticipationId = NewType("ParticipationId", UUID)
MatchId = NewType("MatchId", UUID)
RunId = NewType("RunId", UUID)
GroupId = NewType("GroupId", UUID)
SessionId = NewType("SessionId", UUID)
MeetingId = NewType("MeetingId", UUID)
MessageId = NewType("MessageId", UUID)

Role = Literal["mentee", "mentor"]
Cadence = Literal["weekly", "biweekly", "monthly", "quarterly"]
PEER = "among peers: the role or the two ids then label nobody"


class Value(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Value):
    """A fact that happened. Subclasses declare the field that keys their topic.

    `tombstone` is what a record without a value says on a compacted topic: that its key is to be forgotten.
    """

    key_field: ClassVar[str]
    compacted: ClassVar[bool] = False
    tombstone: ClassVar[type[Event] | None] = None
    version_of_schema: ClassVar[int] = 1

    at: AwareDatetime = Field(description="business time of the fact, UTC")

    @classmethod
    @cache
    def topic(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))

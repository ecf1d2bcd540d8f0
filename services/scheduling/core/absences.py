"""When somebody takes no part for a while, or no longer: a leave, or they may have left the company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Final, Literal

from services.scheduling.core import slots
from services.scheduling.core.ids import ParticipationId, PersonId

AT_WORK: Final = "active"
OPEN_END: Final = datetime.max.replace(tzinfo=UTC)
"""The end of what has no known end."""
BEGINNING: Final = datetime.min.replace(tzinfo=UTC)

State = Literal["away", "back", "left"]


@dataclass(frozen=True)
class Absence:
    """The newest word on a participation. Away is from `since` to the end of the day `until` on the person's
    clock; without `until` nobody knows for how long."""

    participation_id: ParticipationId
    person_id: PersonId
    version: int
    state: State
    since: datetime
    until: date | None = None


def span(
    state: State | None, since: datetime | None, until: date | None, zone: tzinfo
) -> slots.Interval | None:
    """The time in which somebody takes no part; None where there is nothing of the kind."""
    if state is None or since is None or state == "back":
        return None
    if state == "left" or until is None:
        return slots.Interval(since, OPEN_END)
    return slots.Interval(since, slots.end_of_day(until, zone))


def away(status: str, absent: slots.Interval | None) -> slots.Interval | None:
    """The time in which a person cannot meet, by what was said of their participation and by their card:
    either may be heard first. Of somebody on leave the participation knows the end, if anybody does."""
    if status == AT_WORK:
        return absent
    end = absent.end if absent is not None and status == "leave" else OPEN_END
    return slots.Interval(BEGINNING, end)


def back_at(now: datetime, *people: slots.Interval | None) -> datetime | None:
    """When all of those who are away at `now` are back; None where nobody is away."""
    return max((one.end for one in people if one is not None and one.start <= now < one.end), default=None)


def is_inside(slot: slots.Interval, absent: slots.Interval) -> bool:
    """Whether any of a slot falls into an absence."""
    return slot.start < absent.end and absent.start < slot.end

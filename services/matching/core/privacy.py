"""When somebody is forgotten, and when everybody has done so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.matching.core.ids import PersonId
from shared.errors import Refused

Cause = Literal["request", "hr", "retention"]
State = Literal["waiting", "cancelled", "erased", "complete"]

SAID_AGAIN_AFTER = timedelta(hours=25)
"""A topic of cards writes for a day into one segment, and only a closed one is compacted. Where nothing else
is said in a partition, the second tombstone closes the segment that has the card."""


class TooLateToCancel(Refused):
    status = 409
    code = "erasure-ran"


@dataclass(frozen=True)
class Erasure:
    """`runs_at` is when it is done at the earliest; until then it can be cancelled. Done here it is "erased",
    and "complete" when every service has given its receipt."""

    id: UUID
    person_id: PersonId
    cause: Cause
    asked_by: str
    asked_at: datetime
    runs_at: datetime
    state: State = "waiting"
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None
    erased_at: datetime | None = None
    completed_at: datetime | None = None
    again_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True)
class Receipt:
    """What one service has removed: rows by table."""

    service: str
    given_at: datetime
    removed: Mapping[str, int]


def cancelled(erasure: Erasure, *, by: str, now: datetime) -> Erasure:
    """Raises TooLateToCancel."""
    if erasure.state == "cancelled":
        return erasure
    if erasure.state != "waiting":
        raise TooLateToCancel("This person was erased already. That cannot be taken back.")
    return replace(erasure, state="cancelled", cancelled_by=by, cancelled_at=now, version=erasure.version + 1)


def erased(erasure: Erasure, *, now: datetime) -> Erasure:
    return replace(
        erasure,
        state="erased",
        erased_at=now,
        again_at=now + SAID_AGAIN_AFTER,
        version=erasure.version + 1,
    )


def said_again(erasure: Erasure) -> Erasure:
    return replace(erasure, again_at=None, version=erasure.version + 1)


def added(known: Receipt | None, given: Receipt) -> Receipt:
    """A service that finds more later adds to its receipt."""
    if known is None:
        return given
    removed = Counter(known.removed) + Counter(given.removed)
    return replace(known, removed=dict(removed))


def missing(receipts: Sequence[Receipt], speakers: Collection[str]) -> list[str]:
    """The services that have not given theirs."""
    return sorted(set(speakers) - {one.service for one in receipts})


def acknowledged(erasure: Erasure, outstanding: Collection[str], *, now: datetime) -> Erasure:
    if outstanding or erasure.state != "erased":
        return erasure
    return replace(erasure, state="complete", completed_at=now, version=erasure.version + 1)

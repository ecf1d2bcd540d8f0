"""Too many people ended at once are more often a mistake of the source than the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.matching.core import facts, standing
from services.matching.core.facts import Kept
from services.matching.core.weighing import Case
from shared.errors import Refused

WITHIN = timedelta(hours=1)
ALWAYS_MAX = 5
SHARE_MAX = 0.05


class AlreadyDecided(Refused):
    code = "already-decided"


@dataclass(frozen=True)
class Hold:
    """People of one source who are shut out while their matches wait for an administrator's word.

    `people_max` is how many it might have ended within an hour without being asked."""

    id: UUID
    source: str
    state: Literal["open", "confirmed", "dismissed"]
    people_max: int
    opened_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None


def people_max(there: int) -> int:
    """How many of so many people may be ended at once."""
    return max(ALWAYS_MAX, int(there * SHARE_MAX))


def has_ended(case: Case) -> bool:
    """Whether somebody has lost their access by this."""
    before, after = case.before, case.after
    if before is None or after is None:
        return False
    return (
        before.standing.status in standing.WITH_ACCESS and after.standing.status not in standing.WITH_ACCESS
    )


def ended_by(case: Case) -> Kept | None:
    """The newest fact by which somebody is not there any more; None where they are or nothing says so."""
    if case.after is None or case.after.standing.status in standing.WITH_ACCESS:
        return None
    told = {one.key: one for one in case.kept if one.state == "applied" and one.fact.kind in facts.ENDS}
    if not told:
        return None
    return told[standing.in_order(one.heard for one in told.values())[-1].key]


def held_back(case: Case, hold: Hold) -> Case:
    """The person with a note of the hold at the fact that ended them."""
    cause = ended_by(case)
    kept = [replace(one, hold_id=hold.id) if one is cause else one for one in case.kept]
    return replace(case, kept=kept)


def holds_of(cases: Iterable[Case]) -> set[UUID]:
    """The holds that may keep these people from being ended."""
    causes = (ended_by(case) for case in cases)
    return {cause.hold_id for cause in causes if cause is not None and cause.hold_id is not None}


def decided(hold: Hold, *, confirmed: bool, by: str, now: datetime) -> Hold:
    """Raises AlreadyDecided."""
    if hold.state != "open":
        raise AlreadyDecided(f"This was {hold.state} by {hold.decided_by} already.")
    state: Literal["confirmed", "dismissed"] = "confirmed" if confirmed else "dismissed"
    return replace(hold, state=state, decided_at=now, decided_by=by)

"""What follows for somebody's participations from how they stand: the table of effects, row by row.

| they are | their participations | their proposals | their matches |
|---|---|---|---|
| active | go on; whoever was away is back | stand | go on |
| on leave | are paused to its last day | are taken back | stay |
| inactive | are paused to the end of the grace | are taken back | stay |
| inactive and the grace is over | are left | are taken back | end |
| terminated | are left | are taken back | end |
"""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

from services.matching.core import participations
from services.matching.core.participations import Away, Participation
from services.matching.core.standing import Standing

Deed = Literal["nothing", "leave", "go-away", "come-back"]


class Effect(NamedTuple):
    """What is to be done with a participation; `until` is the last day of an absence, where it is known."""

    deed: Deed
    reason: str = ""
    until: date | None = None


def effect(one: Participation, how: Standing, today: date) -> Effect:
    """`today` is where the person works; the participation is not left."""
    if how.is_over(today):
        return Effect("leave", "left-company" if how.status == "terminated" else "inactive")
    reason, until = absence(how)
    if (reason, until) == (one.away_reason, one.away_until):
        return Effect("nothing")
    return Effect("come-back") if reason is None else Effect("go-away", reason, until)


def absence(how: Standing) -> tuple[Away | None, date | None]:
    """Why and until when somebody is away, as long as they may come back."""
    if how.status == "leave":
        return "leave", how.leave_until
    if how.status == "inactive":
        return "inactive", how.grace_until
    return None, None


def after(one: Participation, found: Effect) -> Participation:
    if found.deed == "come-back":
        return participations.back(one)
    reason: Away = "leave" if found.reason == "leave" else "inactive"
    return participations.away(one, reason, found.until)

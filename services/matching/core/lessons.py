"""What a "no" to a proposal teaches: every reason has one row in this table, and the next round follows it.

| reason | the two | whoever said it |
|---|---|---|
| no-time | may meet again after 30 days | is proposed nobody for 30 days |
| not-my-goals | stay apart | a mentor: is not taken to want to teach these goals any more |
| know-each-other | stay apart | |
| wrong-style | stay apart | |
| prefer-other | stay apart | |
| other, not-given | stay apart | |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.matching.core.ids import MatchId, ParticipationId

PAUSE_DAYS = 30


@dataclass(frozen=True)
class Teaching:
    """`apart_days`: how long the two are kept apart, None for ever. `pause_days`: how long whoever said it is
    left in peace. `narrows`: a mentor who said it does not want to teach the goals of this mentee."""

    apart_days: int | None = None
    pause_days: int = 0
    narrows: bool = False


TEACHING: Mapping[str, Teaching] = {
    "no-time": Teaching(apart_days=PAUSE_DAYS, pause_days=PAUSE_DAYS),
    "not-my-goals": Teaching(narrows=True),
    "know-each-other": Teaching(),
    "wrong-style": Teaching(),
    "prefer-other": Teaching(),
    "other": Teaching(),
    "not-given": Teaching(),
}


@dataclass(frozen=True)
class Lesson:
    """What is noted about the participation of whoever said no."""

    match_id: MatchId
    participation_id: ParticipationId
    code: str
    not_taught: tuple[str, ...]
    paused_until: datetime | None


@dataclass(frozen=True)
class Learned:
    """All that was learned about one participation."""

    not_taught: frozenset[str] = frozenset()
    paused_until: datetime | None = None


def teaching(code: str) -> Teaching:
    """An unknown reason (of a later year) keeps the two apart and teaches nothing else."""
    return TEACHING.get(code, Teaching())


def lesson(
    match_id: MatchId, who: ParticipationId, code: str, *, goals: Sequence[str], now: datetime
) -> Lesson | None:
    """What a "no" notes about `who` said it; None where it teaches nothing about them.

    `goals` are those of the mentee where the mentor said it, else nothing.
    """
    taught = teaching(code)
    until = now + timedelta(days=taught.pause_days) if taught.pause_days else None
    skills = tuple(goals) if taught.narrows else ()
    return Lesson(match_id, who, code, skills, until) if skills or until else None


def learned(lessons: Iterable[Lesson], *, now: datetime) -> dict[ParticipationId, Learned]:
    """What holds now, by participation: pauses that are over do not."""
    found: dict[ParticipationId, Learned] = {}
    for one in lessons:
        known = found.get(one.participation_id, Learned())
        ends = [t for t in (known.paused_until, one.paused_until) if t is not None and t > now]
        skills = known.not_taught | set(one.not_taught)
        found[one.participation_id] = Learned(skills, max(ends, default=None))
    return found

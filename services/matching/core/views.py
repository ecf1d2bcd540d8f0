"""What the two of a match are shown of each other's answers, besides names and reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from services.matching.core.joining import LEARNING
from services.matching.core.participations import Participation
from services.matching.core.people import pool_code

Help = Literal["advice", "both", "hands-on"]


@dataclass(frozen=True)
class StartingPoint:
    """A goal of the mentee by name. `level` is their own estimate of today, 0 to 7; None: not given."""

    skill: str
    name: str
    level: int | None


@dataclass(frozen=True)
class View:
    """`learning` are sentences of how the mentee likes to learn. `wants` is the help the mentee would like,
    `gives` the mentor's own style. `returns` are skills the mentor would like to learn and the mentee has.
    The pools are where they come from."""

    goals: tuple[StartingPoint, ...]
    learning: tuple[str, ...]
    wants: Help | None
    gives: Help | None
    returns: tuple[str, ...]
    mentee_pool: str
    mentor_pool: str


def view(
    mentee: Participation, mentor: Participation, names: Mapping[str, str], *, pools: tuple[str, str]
) -> View:
    """`names` are those of the skills by code, `pools` where mentee and mentor come from."""
    told, offered = mentee.profile, mentor.profile
    return View(
        goals=tuple(
            StartingPoint(code, names.get(code, code), told.current.get(code)) for code in told.goals
        ),
        learning=tuple(LEARNING[code] for code in told.learning if code in LEARNING),
        wants=_help(told.style.get("guidance")),
        gives=_help(offered.style.get("guidance")),
        returns=_named((code for code in offered.goals if code in told.skills), names),
        mentee_pool=pool_code(pools[0]),
        mentor_pool=pool_code(pools[1]),
    )


def _named(codes: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(code, code) for code in codes)


def _help(answer: int | None) -> Help | None:
    """The style between advice (1) and hands-on help (5) in a word."""
    if answer is None:
        return None
    if answer == 3:
        return "both"
    return "advice" if answer < 3 else "hands-on"

"""What if: the market of a programme with other weights, rules, seats or people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.matching import engine
from services.matching.core.ids import Role
from shared.errors import FieldError

ANY_HOURS = (1 << 336) - 1
ENGLISH = frozenset({"en"})


@dataclass(frozen=True)
class Joiner:
    """Somebody who is not there yet, called `name`: like `like` of the same role where it is named, else a
    stranger who can meet at any hour. What is None is taken over."""

    name: str
    role: Role
    like: str | None = None
    capacity: int | None = None
    goals: tuple[str, ...] | None = None
    skills: Mapping[str, int] | None = None
    languages: tuple[str, ...] | None = None
    site: str | None = None
    level: int | None = None


@dataclass(frozen=True)
class Changes:
    """What is different; None and empty: as it is. `capacities` by the mentors' numbers; `leave`: numbers."""

    min_shared_hours: float | None = None
    seniority: int | None = None
    same_team: bool | None = None
    target_gap: float | None = None
    mentee_weights: Mapping[str, float] = field(default_factory=dict)
    mentor_weights: Mapping[str, float] = field(default_factory=dict)
    capacities: Mapping[str, int] = field(default_factory=dict)
    leave: tuple[str, ...] = ()
    join: tuple[Joiner, ...] = ()


def wrong(market: engine.Market, changes: Changes) -> list[FieldError]:
    """Whom the changes name that the market does not have."""
    mentees = {one.number for one in market.mentees}
    mentors = {one.number: one for one in market.mentors}
    found = [
        FieldError(f"/capacities/{number}", f"{number} is no mentor of this programme")
        for number in changes.capacities
        if number not in mentors
    ]
    found += [
        FieldError(f"/leave/{place}", f"{number} is nobody who could be matched here")
        for place, number in enumerate(changes.leave)
        if number not in mentees and number not in mentors
    ]
    for place, one in enumerate(changes.join):
        known = mentees if one.role == "mentee" else set(mentors)
        if one.like is not None and one.like not in known:
            found.append(FieldError(f"/join/{place}/like", f"{one.like} is no {one.role} of this programme"))
    return found


def fork(market: engine.Market, changes: Changes) -> engine.Market:
    """The market with the changes; the market itself stays as it is. Changes are right (see `wrong`)."""
    gone = set(changes.leave)
    mentees = [one for one in market.mentees if one.number not in gone]
    mentors = [_seats(one, changes.capacities) for one in market.mentors if one.number not in gone]
    for place, joiner in enumerate(changes.join):
        if joiner.role == "mentee":
            mentees.append(_mentee(market, joiner, number(place)))
        else:
            mentors.append(_mentor(market, joiner, number(place)))
    settled = ("min_shared_hours", "seniority", "same_team", "target_gap")
    told = {name: getattr(changes, name) for name in settled if getattr(changes, name) is not None}
    rules = replace(
        market.rules,
        mentee_weights=changes.mentee_weights or market.rules.mentee_weights,
        mentor_weights=changes.mentor_weights or market.rules.mentor_weights,
        **told,
    )
    # A form turns its levels round: in reverse the mentor is below.
    return engine.normal(replace(market, mentees=tuple(mentees), mentors=tuple(mentors), rules=rules))


def number(place: int) -> str:
    """The number of who joins in that place of the changes."""
    return f"new-{place + 1}"


def _seats(mentor: engine.Mentor, capacities: Mapping[str, int]) -> engine.Mentor:
    """Seats that are taken stay taken."""
    capacity = capacities.get(mentor.number, mentor.capacity)
    taken = mentor.capacity - mentor.seats_left
    return replace(mentor, capacity=capacity, seats_left=max(0, capacity - taken))


def _mentee(market: engine.Market, joiner: Joiner, number: str) -> engine.Mentee:
    known = {one.number: one for one in market.mentees}
    usual = (
        known[joiner.like]
        if joiner.like
        else engine.Mentee(number=number, hours=ANY_HOURS, languages=ENGLISH)
    )
    changes = _lived(joiner)
    if joiner.goals is not None:
        changes["goals"] = tuple(engine.Goal(code) for code in joiner.goals)
    return replace(usual, number=number, feedback=engine.Feedback(), **changes)


def _mentor(market: engine.Market, joiner: Joiner, number: str) -> engine.Mentor:
    known = {one.number: one for one in market.mentors}
    usual = (
        known[joiner.like]
        if joiner.like
        else engine.Mentor(number=number, hours=ANY_HOURS, languages=ENGLISH)
    )
    changes = _lived(joiner)
    if joiner.skills is not None:
        changes["skills"] = joiner.skills
        changes["topics"] = frozenset()
    capacity = joiner.capacity or usual.capacity
    return replace(
        usual, number=number, feedback=engine.Feedback(), capacity=capacity, seats_left=capacity, **changes
    )


def _lived(joiner: Joiner) -> dict[str, Any]:
    """What both roles tell, as the market has it."""
    changes: dict[str, Any] = {}
    if joiner.languages is not None:
        changes["languages"] = frozenset(joiner.languages)
    if joiner.site is not None:
        changes["site"] = joiner.site
    if joiner.level is not None:
        changes["level"] = joiner.level
    return changes

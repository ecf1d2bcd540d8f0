"""What the arithmetic of a pairing cannot carry is refused before anything is computed, with its field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import get_args

from services.matching.engine import hours as week
from services.matching.engine import market as markets
from services.matching.engine.market import InvalidMarket

PRIORS = ("aims", "values", "style", "interests", "experience", "location", "feedback")


def check(market: markets.Market) -> None:
    """Raises InvalidMarket, naming the field, for anything that is not a finite number inside its range."""
    _check_rules(market.rules)
    for side, people in (("mentees", market.mentees), ("mentors", market.mentors)):
        seen: set[str] = set()
        for person in people:
            path = f"{side}[{person.number}]"
            if not person.number or person.number in seen:
                raise InvalidMarket(f"{path}.number", "missing or twice in the market")
            seen.add(person.number)
            _check_person(path, person)
    for mentee in market.mentees:
        _check_goals(f"mentees[{mentee.number}].goals", mentee.goals)
        _check_skills(f"mentees[{mentee.number}]", mentee.skills)
    for mentor in market.mentors:
        _check_offer(f"mentors[{mentor.number}]", mentor)
    for number, favourites in market.favourites.items():
        _check_favourites(f"favourites[{number}]", favourites)
    for number, bonus in market.bonus.items():
        _whole(f"bonus[{number}]", bonus, markets.BONUS_MAX)


def _within(path: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidMarket(path, f"{value} is not between {low} and {high}")


def _whole(path: str, value: int, high: int) -> None:
    _within(path, value, 0, high)
    if value != int(value):
        raise InvalidMarket(path, f"{value} is not a whole number")


def _check_form(rules: markets.ProgrammeRules) -> None:
    forms, modes = get_args(markets.Form), get_args(markets.Mode)
    for name, value, known in (("form", rules.form, forms), ("mode", rules.mode, modes)):
        if value not in known:
            raise InvalidMarket(f"rules.{name}", f"{value} is not one of {', '.join(known)}")
    if rules.mode == "stable" and rules.form not in markets.STABLE_FORMS:
        raise InvalidMarket("rules.mode", f"stable is for {' and '.join(markets.STABLE_FORMS)} programmes")
    _within("rules.group_size", rules.group_size, 1, markets.GROUP_MAX)
    _within("rules.group_size_min", rules.group_size_min, 1, rules.group_size)
    if len(set(rules.slots)) < len(rules.slots):
        raise InvalidMarket("rules.slots", "a half-hour is named twice")
    for slot in rules.slots:
        _within("rules.slots", slot, 0, week.HALF_HOURS - 1)


def _check_rules(rules: markets.ProgrammeRules) -> None:
    _check_form(rules)
    _within("rules.min_shared_hours", rules.min_shared_hours, 0, week.HALF_HOURS / 2)
    _within("rules.seniority", rules.seniority, -100, 100)
    _within("rules.target_gap", rules.target_gap, -100, 100)
    for side, weights in (("mentee", rules.mentee_weights), ("mentor", rules.mentor_weights)):
        for code, weight in weights.items():
            if code not in markets.COMPONENTS:
                raise InvalidMarket(f"rules.{side}_weights[{code}]", "no such component")
            _within(f"rules.{side}_weights[{code}]", weight, 0, 1)
        _within(f"rules.{side}_weights", math.fsum(weights.values()), 1 - 1e-6, 1 + 1e-6)
    _within("rules.preference", rules.preference, 0, markets.PREFERENCE_MAX)
    _whole("rules.hysteresis", rules.hysteresis, markets.HYSTERESIS_MAX)
    for code in PRIORS:
        _within(f"rules.priors.{code}", getattr(rules.priors, code), 0, 1)


def _check_person(path: str, person: markets.Person) -> None:
    if not 0 <= person.hours < 1 << week.HALF_HOURS:
        raise InvalidMarket(f"{path}.hours", f"not a bitset of {week.HALF_HOURS} half-hours")
    if person.level is not None and person.level not in markets.LEVELS:
        raise InvalidMarket(
            f"{path}.level", f"{person.level} is not between {markets.LEVELS[0]} and {markets.LEVELS[-1]}"
        )
    for kind, answers in (("values", person.values), ("style", person.style)):
        for scale, answer in answers.items():
            if answer not in markets.SCALE:
                raise InvalidMarket(f"{path}.{kind}[{scale}]", f"{answer} is not one of 1 to 5")
    _within(f"{path}.feedback.count", person.feedback.count, 0, 1e6)
    _within(f"{path}.feedback.total", person.feedback.total, 0, person.feedback.count)


def _check_goals(path: str, goals: tuple[markets.Goal, ...]) -> None:
    seen: set[str] = set()
    for goal in goals:
        if goal.skill in seen:
            raise InvalidMarket(f"{path}[{goal.skill}]", "named twice")
        seen.add(goal.skill)
        _within(f"{path}[{goal.skill}].importance", goal.importance, 1e-3, 1)


def _check_offer(path: str, mentor: markets.Mentor) -> None:
    _check_skills(path, mentor.skills)
    _check_goals(f"{path}.aims", mentor.aims)
    _within(f"{path}.capacity", mentor.capacity, 0, 10_000)
    _within(f"{path}.seats_left", mentor.seats_left, 0, mentor.capacity)


def _check_skills(path: str, skills: Mapping[str, float]) -> None:
    for skill, level in skills.items():
        _within(f"{path}.skills[{skill}]", level, 0, markets.LEVEL_MAX)


def _check_favourites(path: str, favourites: tuple[str, ...]) -> None:
    most = len(markets.FAVOURITES)
    if len(favourites) > most:
        raise InvalidMarket(path, f"{len(favourites)} favourites, and at most {most} count")
    if len(set(favourites)) < len(favourites):
        raise InvalidMarket(path, "a mentor is named twice")

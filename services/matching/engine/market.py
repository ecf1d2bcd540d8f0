"""One programme's market at one moment, as plain values: who wants what, who offers what, and the rules.

Everything that decides a pairing is in here and nothing else is (no protected attribute ever), so a market
can be kept, hashed and solved again. `check` refuses what the arithmetic cannot carry and names the field.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from services.matching.engine import hours as week

MENTEE_WEIGHTS = (
    ("goals", 0.35),
    ("values", 0.125),
    ("style", 0.075),
    ("interests", 0.10),
    ("experience", 0.10),
    ("availability", 0.10),
    ("location", 0.05),
    ("feedback", 0.10),
)
MENTOR_WEIGHTS = (
    ("goals", 0.30),
    ("values", 0.125),
    ("style", 0.075),
    ("interests", 0.15),
    ("experience", 0.05),
    ("availability", 0.15),
    ("location", 0.05),
    ("feedback", 0.10),
)
COMPONENTS = tuple(code for code, _ in MENTEE_WEIGHTS)
LEVEL_MAX = 7
Form = Literal["one-to-one", "peer", "circle", "reverse", "flash"]
Mode = Literal["welfare", "stable"]
STABLE_FORMS = ("one-to-one", "reverse")
GROUP_MAX = 30
SCALE = range(1, 6)
LEVELS = range(-100, 101)


class InvalidMarket(ValueError):
    """A value no pairing can be computed from; `field` is its path, like `mentors[17].skills[2.B.1.d]`."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Topic:
    """The name of a skill and the family of skills it is related to ("" = related to none)."""

    name: str
    family: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    """A skill a mentee wants to grow in; `importance` is above 0 and at most 1."""

    skill: str
    importance: float = 1.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """What partners said about a person before: `total` of `count` ratings in [0, 1], decayed by age."""

    total: float = 0.0
    count: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What both sides answer. An answer not given is an absent key, an empty set, "" or `None`.

    `number` is the employee number. `hours` is a bitset of the week (see `hours.half_hours`). `level` grows
    with seniority. `team` is whatever the programme calls a team (a manager's number, a department).
    `values` and `style` are answers of 1 to 5 by scale; a mentee's style is how they like to learn.
    """

    number: str
    hours: int
    languages: frozenset[str]
    values: Mapping[str, int] = field(default_factory=dict)
    style: Mapping[str, int] = field(default_factory=dict)
    interests: frozenset[str] = frozenset()
    level: int | None = None
    team: str = ""
    site: str = ""
    city: str = ""
    feedback: Feedback = Feedback()
    eligible: bool = True
    consent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentee(Person):
    """Someone who looks for one mentor. `goal_names_level`: the goal speaks of a level or of years."""

    goals: tuple[Goal, ...] = ()
    goal_names_level: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentor(Person):
    """Someone who offers seats. `skills` are levels of 0 to 7; `topics` what they want to teach (empty: all).

    `seats_left` are the seats of `capacity` that neither a match nor an open proposal holds.
    """

    skills: Mapping[str, float] = field(default_factory=dict)
    topics: frozenset[str] = frozenset()
    capacity: int = 1
    seats_left: int = 1


@dataclass(frozen=True, slots=True)
class Priors:
    """What a missing answer counts as, in [0, 1]. Frozen per run: nobody's joining changes a score.

    `values` and `style` are the mean agreement of two people who answer at random; the other numbers are
    middling on purpose: a missing answer should neither win nor lose a pair.
    """

    values: float = 0.6
    style: float = 0.6
    interests: float = 0.3
    experience: float = 0.5
    location: float = 0.3
    feedback: float = 0.75


@dataclass(frozen=True, slots=True)
class ProgrammeRules:
    """What a programme demands and how it weighs.

    `seniority`: n > 0 asks for a mentor at least n levels above the mentee, n < 0 for one at least n below
    (reverse mentoring), 0 for nothing. `target_gap` is the best distance in levels where a goal names one.
    The weights of each side add up to 1.

    `form` and `mode`: see `forms`. `seniority` asks peers to be at most n levels apart. A circle has
    `group_size_min` to `group_size` mentees, and a mentor's capacity is the size of their circle. `slots` are
    the half-hours of the week (0 to 335) at which flash talks are held.
    """

    form: Form = "one-to-one"
    mode: Mode = "welfare"
    group_size: int = 4
    group_size_min: int = 2
    slots: tuple[int, ...] = ()
    min_shared_hours: float = 2.0
    seniority: int = 0
    same_team: bool = False
    target_gap: float = 3.0
    mentee_weights: Mapping[str, float] = field(default_factory=lambda: dict(MENTEE_WEIGHTS))
    mentor_weights: Mapping[str, float] = field(default_factory=lambda: dict(MENTOR_WEIGHTS))
    priors: Priors = Priors()

    @property
    def min_shared_half_hours(self) -> int:
        return math.ceil(self.min_shared_hours * 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Who is to be paired. `managers` maps every employee to their manager (`None` or unknown: a top).

    `blocked` are pairs (mentee number, mentor number) that may not be made: blocks, exclusions, past pairs.
    """

    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]
    rules: ProgrammeRules = ProgrammeRules()
    managers: Mapping[str, str | None] = field(default_factory=dict)
    blocked: frozenset[tuple[str, str]] = frozenset()
    topics: Mapping[str, Topic] = field(default_factory=dict)


def in_order(number: str) -> tuple[int, str]:
    """The sort key of employee numbers: 9 comes before 10."""
    return len(number), number


def feedback(ratings: Iterable[tuple[float, float]], *, half_life_days: float = 180.0) -> Feedback:
    """Ratings of 1 to 5 with their age in days, as one decayed sum (rounded to 1/4096, the same anywhere)."""
    weighed = [((rating - 1) / 4, 0.5 ** (age_days / half_life_days)) for rating, age_days in ratings]
    total = math.fsum(value * weight for value, weight in weighed)
    return Feedback(round(total * 4096) / 4096, round(math.fsum(w for _, w in weighed) * 4096) / 4096)


def check(market: Market) -> None:
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
    for mentor in market.mentors:
        _check_offer(f"mentors[{mentor.number}]", mentor)


def _within(path: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidMarket(path, f"{value} is not between {low} and {high}")


def _check_form(rules: ProgrammeRules) -> None:
    for name, value, known in (("form", rules.form, get_args(Form)), ("mode", rules.mode, get_args(Mode))):
        if value not in known:
            raise InvalidMarket(f"rules.{name}", f"{value} is not one of {', '.join(known)}")
    if rules.mode == "stable" and rules.form not in STABLE_FORMS:
        raise InvalidMarket("rules.mode", f"stable is for {' and '.join(STABLE_FORMS)} programmes")
    _within("rules.group_size", rules.group_size, 1, GROUP_MAX)
    _within("rules.group_size_min", rules.group_size_min, 1, rules.group_size)
    if len(set(rules.slots)) < len(rules.slots):
        raise InvalidMarket("rules.slots", "a half-hour is named twice")
    for slot in rules.slots:
        _within("rules.slots", slot, 0, week.HALF_HOURS - 1)


def _check_rules(rules: ProgrammeRules) -> None:
    _check_form(rules)
    _within("rules.min_shared_hours", rules.min_shared_hours, 0, week.HALF_HOURS / 2)
    _within("rules.seniority", rules.seniority, -100, 100)
    _within("rules.target_gap", rules.target_gap, -100, 100)
    for side, weights in (("mentee", rules.mentee_weights), ("mentor", rules.mentor_weights)):
        for code, weight in weights.items():
            if code not in COMPONENTS:
                raise InvalidMarket(f"rules.{side}_weights[{code}]", "no such component")
            _within(f"rules.{side}_weights[{code}]", weight, 0, 1)
        _within(f"rules.{side}_weights", math.fsum(weights.values()), 1 - 1e-6, 1 + 1e-6)
    for code in ("values", "style", "interests", "experience", "location", "feedback"):
        _within(f"rules.priors.{code}", getattr(rules.priors, code), 0, 1)


def _check_person(path: str, person: Person) -> None:
    if not 0 <= person.hours < 1 << week.HALF_HOURS:
        raise InvalidMarket(f"{path}.hours", f"not a bitset of {week.HALF_HOURS} half-hours")
    if person.level is not None and person.level not in LEVELS:
        raise InvalidMarket(f"{path}.level", f"{person.level} is not between {LEVELS[0]} and {LEVELS[-1]}")
    for kind, answers in (("values", person.values), ("style", person.style)):
        for scale, answer in answers.items():
            if answer not in SCALE:
                raise InvalidMarket(f"{path}.{kind}[{scale}]", f"{answer} is not one of 1 to 5")
    _within(f"{path}.feedback.count", person.feedback.count, 0, 1e6)
    _within(f"{path}.feedback.total", person.feedback.total, 0, person.feedback.count)


def _check_goals(path: str, goals: tuple[Goal, ...]) -> None:
    seen: set[str] = set()
    for goal in goals:
        if goal.skill in seen:
            raise InvalidMarket(f"{path}[{goal.skill}]", "twice among the goals")
        seen.add(goal.skill)
        _within(f"{path}[{goal.skill}].importance", goal.importance, 1e-3, 1)


def _check_offer(path: str, mentor: Mentor) -> None:
    for skill, level in mentor.skills.items():
        _within(f"{path}.skills[{skill}]", level, 0, LEVEL_MAX)
    _within(f"{path}.capacity", mentor.capacity, 0, 10_000)
    _within(f"{path}.seats_left", mentor.seats_left, 0, mentor.capacity)

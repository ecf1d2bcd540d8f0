"""One programme's market at one moment, as plain values: who wants what, who offers what, and the rules.

Everything that decides a pairing is in here and nothing else is (no protected attribute ever), so a market
can be kept, hashed and solved again. `checking` refuses what the arithmetic cannot carry and names the field.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

MENTEE_WEIGHTS = (
    ("goals", 0.35),
    ("aims", 0.0),
    ("values", 0.125),
    ("style", 0.075),
    ("interests", 0.10),
    ("experience", 0.10),
    ("availability", 0.10),
    ("location", 0.05),
    ("feedback", 0.10),
)
MENTOR_WEIGHTS = (
    ("goals", 0.25),
    ("aims", 0.10),
    ("values", 0.125),
    ("style", 0.075),
    ("interests", 0.10),
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
FAVOURITES = (1.0, 0.8, 0.6, 0.4, 0.2)
PREFERENCE_MAX = 0.20
BONUS_MAX = 5_000
HYSTERESIS_MAX = 100_000


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
    """A skill somebody wants to grow in; `importance` is at least 1/1000 and at most 1."""

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
    `pool` is where the person comes from ("": the company itself); it never enters a score.
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
    pool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentee(Person):
    """Someone who looks for one mentor. `goal_names_level`: the goal speaks of a level or of years.

    `skills` are levels of 0 to 7 of what they could teach a mentor in turn.
    """

    goals: tuple[Goal, ...] = ()
    goal_names_level: bool = False
    skills: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentor(Person):
    """Someone who offers seats. `skills` are levels of 0 to 7; `topics` what they want to teach (empty: all).

    `seats_left` are the seats of `capacity` that neither a match nor an open proposal holds. `aims` are what
    the mentor wants to learn.
    """

    skills: Mapping[str, float] = field(default_factory=dict)
    topics: frozenset[str] = frozenset()
    aims: tuple[Goal, ...] = ()
    capacity: int = 1
    seats_left: int = 1


@dataclass(frozen=True, slots=True)
class Priors:
    """What a missing answer counts as, in [0, 1]. Frozen per run: nobody's joining changes a score.

    `values` and `style` are the mean agreement of two people who answer at random; the other numbers are
    middling on purpose: a missing answer should neither win nor lose a pair.
    """

    aims: float = 0.3
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
    The weights of each side add up to 1. `preference` is how far the first favourite lifts what a mentor is
    worth to a mentee, towards 1 and at most 0.2. `hysteresis` is added to the weight of a standing proposal.

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
    preference: float = PREFERENCE_MAX
    hysteresis: int = 0

    @property
    def min_shared_half_hours(self) -> int:
        return math.ceil(self.min_shared_hours * 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Who is to be paired. `managers` maps every employee to their manager (`None` or unknown: a top).

    `blocked` are pairs (mentee number, mentor number) that may not be made: blocks, exclusions, past pairs.
    `standing` are pairs that were proposed and may still be changed. `favourites` are up to five mentors by
    mentee, best first. `bonus` is added to the weight of every feasible pair of a mentee, 0 to 5000. Pairs
    and people that are not in the market change nothing.
    """

    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]
    rules: ProgrammeRules = ProgrammeRules()
    managers: Mapping[str, str | None] = field(default_factory=dict)
    blocked: frozenset[tuple[str, str]] = frozenset()
    topics: Mapping[str, Topic] = field(default_factory=dict)
    favourites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bonus: Mapping[str, int] = field(default_factory=dict)
    standing: frozenset[tuple[str, str]] = frozenset()


def in_order(number: str) -> tuple[int, str]:
    """The sort key of employee numbers: 9 comes before 10."""
    return len(number), number


def feedback(ratings: Iterable[tuple[float, float]], *, half_life_days: float = 180.0) -> Feedback:
    """Ratings of 1 to 5 with their age in days, as one decayed sum (rounded to 1/4096, the same anywhere)."""
    weighed = [((rating - 1) / 4, 0.5 ** (age_days / half_life_days)) for rating, age_days in ratings]
    total = math.fsum(value * weight for value, weight in weighed)
    return Feedback(round(total * 4096) / 4096, round(math.fsum(w for _, w in weighed) * 4096) / 4096)

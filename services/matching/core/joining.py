"""The join form: reading it, and saying beside the field what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from services.matching.core.ids import Role
from services.matching.core.participations import (
    CAPACITY_MAX,
    GOALS_MAX,
    LEVEL_MAX,
    STYLES,
    VALUES,
    Hours,
    Profile,
)

ROLES: Mapping[str, tuple[Role, ...]] = {
    "mentee": ("mentee",),
    "mentor": ("mentor",),
    "both": ("mentee", "mentor"),
    "peer": ("peer",),
}
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
    "hi": "Hindi",
    "ja": "Japanese",
    "zh": "Chinese",
}
INTERESTS: Mapping[str, str] = {
    "arts": "Arts and museums",
    "cooking": "Cooking",
    "family": "Family life",
    "games": "Games",
    "music": "Music",
    "nature": "Nature and hiking",
    "reading": "Reading",
    "sports": "Sports",
    "technology": "Technology",
    "travel": "Travel",
    "volunteering": "Volunteering",
    "writing": "Writing",
}
LEARNING: Mapping[str, str] = {
    "examples": "Hearing how others went about it",
    "practice": "Trying something and talking about it afterwards",
    "questions": "Being asked good questions",
    "feedback": "Getting feedback on my own work",
    "shadowing": "Watching somebody at work",
    "reading": "Reading first, then talking",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Filled:
    """The form as it was filled in, right or wrong, so that it can be shown again."""

    role: str = ""
    goals: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    current: Mapping[str, str] = field(default_factory=dict)
    learning: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    style: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    starts: str = ""
    ends: str = ""
    capacity: str = ""
    consent: bool = False


@dataclass(frozen=True)
class Joining:
    """A form without a mistake: the roles, and what is told for each."""

    roles: tuple[Role, ...]
    profile: Profile
    capacity: int

    def for_role(self, role: Role) -> tuple[Profile, int]:
        """What belongs to a role: where one stands and how one likes to learn is the mentee's, seats are the
        mentor's."""
        if role in ("mentee", "peer"):
            return self.profile, 1
        return replace(self.profile, current={}, learning=()), self.capacity


def read(form: Form) -> Filled:
    """The form's fields as text. Fields we do not know are ignored."""

    def one(name: str) -> str:
        return form[name][-1].strip() if form.get(name) else ""

    def many(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(form.get(name, ())))

    def scales(prefix: str, names: Sequence[str]) -> dict[str, str]:
        return {name: one(f"{prefix}_{name}") for name in names if one(f"{prefix}_{name}")}

    def by_skill(prefix: str, nothing: Set[str]) -> dict[str, str]:
        answers = {name.removeprefix(prefix): one(name) for name in form if name.startswith(prefix)}
        return {code: answer for code, answer in answers.items() if answer not in nothing}

    goals = many("goal")
    now = by_skill("now_", {""})
    return Filled(
        role=one("role"),
        goals=goals,
        levels=by_skill("level_", {"", "0"}),
        current={code: now[code] for code in goals if code in now},
        learning=many("learning"),
        values=scales("value", VALUES),
        style=scales("style", STYLES),
        languages=many("language"),
        interests=many("interest"),
        days=many("day"),
        starts=one("starts"),
        ends=one("ends"),
        capacity=one("capacity"),
        consent=bool(one("consent")),
    )


def known(profiles: Sequence[Profile], *, role: str) -> Filled:
    """A form with what earlier participations of the person in the programme told."""
    if not profiles:
        return Filled(role=role)
    told = profiles[-1]
    stretch = told.hours[0] if told.hours else None
    return Filled(
        role=role,
        goals=next((p.goals for p in profiles if p.goals), ()),
        levels=_texts(next((p.skills for p in profiles if p.skills), {})),
        current=_texts(next((p.current for p in profiles if p.current), {})),
        learning=next((p.learning for p in profiles if p.learning), ()),
        values=_texts(told.values),
        style=_texts(told.style),
        languages=told.languages,
        interests=told.interests,
        days=tuple(str(hours.weekday) for hours in told.hours),
        starts=stretch.starts if stretch else "",
        ends=stretch.ends if stretch else "",
    )


def _texts(levels: Mapping[str, int]) -> dict[str, str]:
    return {code: str(level) for code, level in levels.items()}


def wrong(filled: Filled, *, skills: Set[str], open_roles: Sequence[Role]) -> dict[str, str]:
    """Field by field what is wrong, in the order of the form; empty if nothing is.

    `skills` are the codes there are; `open_roles` those the person does not have in the programme yet.
    """
    roles = ROLES.get(filled.role, ())
    checks: dict[str, str | None] = {
        "role": _wrong_role(roles, open_roles),
        "goal": _wrong_goals(filled.goals, skills, asked=bool({"mentee", "peer"} & set(roles))),
        "current": _wrong_current(filled.current),
        "skills": _wrong_levels(filled.levels, skills, asked=bool({"mentor", "peer"} & set(roles))),
        "capacity": _wrong_capacity(filled.capacity) if "mentor" in roles else None,
        "language": _wrong_choice(filled.languages, LANGUAGES, "Choose at least one language."),
        "day": _wrong_choice(filled.days, [str(day) for day in range(7)], "Choose at least one day."),
        **_wrong_times(filled),
        **{f"value_{name}": _wrong_scale(answer) for name, answer in filled.values.items()},
        **{f"style_{name}": _wrong_scale(answer) for name, answer in filled.style.items()},
        "learning": _wrong_choice(filled.learning, LEARNING, None),
        "interest": _wrong_choice(filled.interests, INTERESTS, None),
        "consent": None if filled.consent else "Without your consent we cannot look for anybody.",
    }
    return {name: sentence for name, sentence in checks.items() if sentence is not None}


def wrong_offer(filled: Filled, *, skills: Set[str]) -> dict[str, str]:
    """What is wrong with the part of the form that somebody fills in who becomes a mentor later."""
    checks = {
        "skills": _wrong_levels(filled.levels, skills, asked=True),
        "capacity": _wrong_capacity(filled.capacity),
        "consent": None if filled.consent else "Without your consent we cannot look for anybody.",
    }
    return {name: sentence for name, sentence in checks.items() if sentence is not None}


def joining(filled: Filled) -> Joining:
    """What a form without a mistake says."""
    hours = tuple(Hours(int(day), filled.starts, filled.ends) for day in sorted(filled.days))
    profile = Profile(
        goals=filled.goals,
        skills=_numbers(filled.levels),
        values=_numbers(filled.values),
        style=_numbers(filled.style),
        languages=filled.languages,
        interests=filled.interests,
        hours=hours,
        current=_numbers(filled.current),
        learning=filled.learning,
    )
    roles = ROLES[filled.role]
    return Joining(roles, profile, int(filled.capacity) if "mentor" in roles else 1)


def _numbers(texts: Mapping[str, str]) -> dict[str, int]:
    return {name: int(text) for name, text in texts.items()}


def _wrong_role(roles: Sequence[Role], open_roles: Sequence[Role]) -> str | None:
    if not roles:
        return "Choose how you want to take part."
    taken = [role for role in roles if role not in open_roles]
    return f"You take part as a {taken[0]} already." if taken else None


def _wrong_goals(goals: Sequence[str], skills: Set[str], *, asked: bool) -> str | None:
    if not goals:
        return "Choose at least one goal, so that we know what to look for." if asked else None
    if len(goals) > GOALS_MAX:
        return f"Choose up to {GOALS_MAX} goals: the ones that matter most."
    return None if skills >= set(goals) else "Choose goals from the list."


def _wrong_current(levels: Mapping[str, str]) -> str | None:
    known = all(text == "0" or _is_number(text, LEVEL_MAX) for text in levels.values())
    return None if known else f"Where you stand goes from 0 to {LEVEL_MAX}."


def _wrong_levels(levels: Mapping[str, str], skills: Set[str], *, asked: bool) -> str | None:
    if not levels:
        return "Give a level for at least one skill you can share." if asked else None
    if not skills >= set(levels):
        return "Choose skills from the list."
    return (
        None
        if all(_is_number(text, LEVEL_MAX) for text in levels.values())
        else f"Levels go from 0 to {LEVEL_MAX}."
    )


def _wrong_capacity(text: str) -> str | None:
    return None if _is_number(text, CAPACITY_MAX) else f"Choose between 1 and {CAPACITY_MAX} mentees."


def _wrong_scale(text: str) -> str | None:
    return None if _is_number(text, 5) else "Choose between 1 and 5."


def _wrong_choice(
    chosen: Sequence[str], options: Mapping[str, str] | Sequence[str], empty: str | None
) -> str | None:
    if not chosen:
        return empty
    return None if all(code in options for code in chosen) else "Choose from the list."


def _wrong_times(filled: Filled) -> dict[str, str | None]:
    starts, ends = _TIME.fullmatch(filled.starts), _TIME.fullmatch(filled.ends)
    if not starts or not ends:
        say = "Give a time such as 09:00."
        return {"starts": None if starts else say, "ends": None if ends else say}
    long_enough = _minutes(filled.ends) - _minutes(filled.starts) >= 60
    return {"ends": None if long_enough else "Your day has to end at least an hour after it starts."}


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _is_number(text: str, highest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) == 1 and 1 <= int(text) <= highest

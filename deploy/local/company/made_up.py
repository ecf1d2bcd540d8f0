"""What the sources lack, made up from a seed: nothing here describes a real person or company.

Each answer is a function of (seed, employee number, what is asked), so people can be asked in any order.
Goals come from the gap between the own and the aspired occupation, skills to share from the own one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from deploy.local import chance
from deploy.local.company.roster import Career, Company, Employee

Character = Literal["diligent", "busy", "fading", "silent", "over-eager", "unhappy"]
Wish = Literal["mentee", "mentor", "both"]

CHARACTERS: Mapping[Character, float] = {
    "diligent": 0.40,
    "busy": 0.22,
    "fading": 0.10,
    "silent": 0.07,
    "over-eager": 0.13,
    "unhappy": 0.08,
}
VALUES = ("growth", "autonomy", "stability", "recognition", "service")
STYLES = ("pace", "directness", "structure")
IMPORTANT = 3.0
"""From this importance on (of 5) a skill of the aspired occupation is worth a goal."""
GAP = 0.5
"""A goal needs at least this many levels (of 7) between the own and the aspired occupation."""
HIGH = 2.5
"""From this level on a skill of the own occupation is worth sharing."""
MAIL_DOMAIN = "adventure-works.example"


@dataclass(frozen=True)
class Site:
    """A made-up site; `part` is its part of the people, `languages` says how often each is spoken."""

    name: str
    time_zone: str
    part: float
    languages: Mapping[str, float]
    days: tuple[int, ...] = (0, 1, 2, 3, 4)


SITES = (
    Site("Seattle", "America/Los_Angeles", 0.34, {"en": 1.0, "es": 0.25, "zh": 0.1}),
    Site("Madrid", "Europe/Madrid", 0.25, {"es": 1.0, "en": 0.8, "fr": 0.15}),
    Site("São Paulo", "America/Sao_Paulo", 0.18, {"pt": 1.0, "en": 0.7, "es": 0.4}),
    Site("Sydney", "Australia/Sydney", 0.11, {"en": 1.0, "zh": 0.2}),
    Site("Kathmandu", "Asia/Kathmandu", 0.08, {"hi": 0.9, "en": 0.9}, (6, 0, 1, 2, 3, 4)),
    Site("Lord Howe Island", "Australia/Lord_Howe", 0.04, {"en": 1.0}),
)
REGIONS = {
    "North American Sales Manager": "Seattle",
    "European Sales Manager": "Madrid",
    "Pacific Sales Manager": "Sydney",
}
SHIFTS = (("07:00", "15:00"), ("08:00", "16:00"), ("09:00", "17:00"), ("10:00", "18:00"))

NAME_STEPS = (601, 1013, 1531, 2003, 2411, 2927, 3301, 3907)
"""Primes that do not divide the number of full names: stepping by one of them meets each name once."""


@dataclass(frozen=True)
class Person:
    """A person of the story. Levels are 0 to 7, values and styles 1 to 5 (None: rather not say)."""

    employee: Employee
    given_name: str
    family_name: str
    site: Site
    starts: str
    ends: str
    days: tuple[int, ...]
    languages: tuple[str, ...]
    values: Mapping[str, int | None]
    styles: Mapping[str, int | None]
    goals: tuple[str, ...]
    shares: Mapping[str, int]
    capacity: int
    wish: Wish
    character: Character

    @property
    def number(self) -> int:
        return self.employee.number

    @property
    def email(self) -> str:
        return f"{self.employee.login}@{MAIL_DOMAIN}"


def people(company: Company, *, seed: int) -> tuple[Person, ...]:
    return tuple(person(company, employee, seed=seed) for employee in company.employees)


def person(company: Company, employee: Employee, *, seed: int) -> Person:
    number = employee.number
    site = site_of(company, employee, seed=seed)
    starts, ends = chance.among(SHIFTS, seed, number, "shift")
    given_name, family_name = _name(company, number, seed=seed)
    return Person(
        employee=employee,
        given_name=given_name,
        family_name=family_name,
        site=site,
        starts=starts,
        ends=ends,
        days=_days(site, number, seed=seed),
        languages=_languages(site, number, seed=seed),
        values={name: _scale(seed, number, "value", name) for name in VALUES},
        styles={name: _scale(seed, number, "style", name) for name in STYLES},
        goals=goals(company, employee, seed=seed),
        shares=shares(company, employee, seed=seed),
        capacity=chance.weighted({1: 0.4, 2: 0.45, 3: 0.15}, seed, number, "capacity"),
        wish=_wish(company, employee, seed=seed),
        character=chance.weighted(CHARACTERS, seed, number, "character"),
    )


def site_of(company: Company, employee: Employee, *, seed: int) -> Site:
    """A team works at one site, and who leads a team works where it does."""
    lead: int | None = employee.number if employee.number in company.leads else employee.manager
    title = next((e.title for e in company.employees if e.number == lead), employee.title)
    parts = {site.name: site.part for site in SITES}
    name = REGIONS.get(title) or chance.weighted(parts, seed, lead or employee.number, "site")
    return next(site for site in SITES if site.name == name)


def gaps(company: Company, career: Career) -> tuple[str, ...]:
    """The skills lacking for the aspired occupation, the most wanted first: importance × missing levels."""
    own, aspired = company.occupations[career.occupation], company.occupations[career.aspired]
    wanted = {
        skill: need.importance * (need.level - own[skill].level)
        for skill, need in aspired.items()
        if need.importance >= IMPORTANT and need.level - own[skill].level >= GAP
    }
    return tuple(sorted(wanted, key=lambda skill: (-wanted[skill], skill)))


def goals(company: Company, employee: Employee, *, seed: int) -> tuple[str, ...]:
    wanted = gaps(company, company.careers[employee.title])
    count = chance.whole(1, 4, seed, employee.number, "goals")
    return chance.several(wanted[:6], count, seed, employee.number, "goal")


def shares(company: Company, employee: Employee, *, seed: int) -> Mapping[str, int]:
    """Some of the ten highest skills of the own occupation, told with a level of one more or less."""
    needs = company.occupations[company.careers[employee.title].occupation]
    high = sorted((s for s in needs if needs[s].level >= HIGH), key=lambda s: (-needs[s].level, s))[:10]
    count = chance.whole(4, 9, seed, employee.number, "shares")
    chosen = chance.several(high, count, seed, employee.number, "share")
    return {skill: _level(needs[skill].level, seed, employee.number, skill) for skill in chosen}


def _name(company: Company, number: int, *, seed: int) -> tuple[str, str]:
    """A full name that nobody else in the company has."""
    given, family = company.given_names, company.family_names
    first = chance.whole(0, len(given) * len(family) - 1, seed, "first name")
    place = first + number * chance.among(NAME_STEPS, seed, "names")
    return given[place // len(family) % len(given)], family[place % len(family)]


def _level(level: float, seed: int, number: int, skill: str) -> int:
    return min(7, max(1, round(level) + chance.whole(-1, 1, seed, number, "level", skill)))


def _scale(seed: int, number: int, *what: str) -> int | None:
    """An answer of 1 to 5 that tends to the middle; one in twelve rather does not say."""
    if chance.happens(1 / 12, seed, number, *what, "silent"):
        return None
    return round(sum(chance.whole(1, 5, seed, number, *what, half) for half in (1, 2)) / 2)


def _days(site: Site, number: int, *, seed: int) -> tuple[int, ...]:
    """The site's working days; one person in eight works one day less."""
    if not chance.happens(1 / 8, seed, number, "part time"):
        return site.days
    free = chance.among(site.days, seed, number, "free day")
    return tuple(day for day in site.days if day != free)


def _languages(site: Site, number: int, *, seed: int) -> tuple[str, ...]:
    spoken = [code for code, often in site.languages.items() if chance.happens(often, seed, number, code)]
    return tuple(spoken) or (next(iter(site.languages)),)


def _wish(company: Company, employee: Employee, *, seed: int) -> Wish:
    """Who leads leaders mentors; who leads often wants both; of the others some have something to share."""
    number, depth = employee.number, len(company.chain(employee.number))
    if depth <= 2 and number in company.leads:
        return "mentor"
    if number in company.leads:
        return chance.weighted({"both": 0.6, "mentor": 0.4}, seed, number, "wish")
    return chance.weighted({"mentee": 0.72, "both": 0.16, "mentor": 0.12}, seed, number, "wish")

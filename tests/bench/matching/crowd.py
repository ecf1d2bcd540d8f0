"""The company that the pairing engine is measured on: seeded, of any size, the same on every machine.

0.8 seats per mentee and 25 to 27 % of the pairs feasible. What rules a pair out is what does so in a company:
hours (three regions of the world, everybody has some free hours of their week), a shared language, seniority
(the mentor at least one level above), the own team and the reporting line.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.matching import engine, taxonomy

T = TypeVar("T")

MENTORS_PER_MENTEE = 0.4
SEATS = (1, 2, 3)
REGIONS = ((-6, 0.48), (1, 0.34), (8, 0.18))
LANGUAGES = (("es", "pt", "fr"), ("de", "fr", "pl"), ("ja", "hi", "ko"))
SITES = 6
POOL = 600
SCALES = ("growth", "pace", "service", "order")
STYLES = ("structure", "challenge", "hands-on")
INTERESTS = tuple(f"interest-{number}" for number in range(30))
TEAM_SIZE = 25
SPAN = 8
FIRST_LOCAL, LAST_LOCAL = 16, 36
STRETCHES, STRETCH_MIN, STRETCH_MAX = 9, 2, 6


@dataclass(frozen=True, slots=True)
class Shared:
    """Answers that several people give alike: a company of 140,000 fits into memory as plain values."""

    hours: tuple[tuple[int, ...], ...]
    values: tuple[dict[str, int], ...]
    styles: tuple[dict[str, int], ...]
    interests: tuple[frozenset[str], ...]
    skills: tuple[str, ...]
    popularity: tuple[float, ...]


def market(mentees: int, *, seed: int = 0, mentors: int | None = None) -> engine.Market:
    """A programme with so many mentees and 0.4 mentors for each, who have 2 seats on average."""
    draw = random.Random(seed)
    count = round(mentees * MENTORS_PER_MENTEE) if mentors is None else mentors
    shared = _shared(draw)
    numbers = draw.sample(range(1, mentees + count + 1), mentees + count)
    seats = [SEATS[place % len(SEATS)] for place in range(count)]
    draw.shuffle(seats)
    people = mentees + count
    return engine.Market(
        mentees=tuple(_mentee(draw, shared, number, people) for number in numbers[:mentees]),
        mentors=tuple(
            _mentor(draw, shared, number, (people, free))
            for number, free in zip(numbers[mentees:], seats, strict=True)
        ),
        rules=engine.ProgrammeRules(seniority=1),
        managers={
            str(number): None if number == 1 else str((number - 2) // SPAN + 1)
            for number in range(1, people + 1)
        },
        topics={skill.code: engine.Topic(skill.name, skill.family) for skill in taxonomy.skills().values()},
    )


def peers(people: int, *, seed: int = 0) -> engine.Market:
    """Equals who all learn and help; at most one level apart."""
    whole = market(people, seed=seed, mentors=people)
    twins = tuple(_twin(one, other) for one, other in zip(whole.mentees, whole.mentors, strict=True))
    return engine.Market(
        mentees=whole.mentees,
        mentors=twins,
        rules=engine.ProgrammeRules(form="peer", seniority=1),
        managers=whole.managers,
        topics=whole.topics,
    )


def _twin(one: engine.Mentee, other: engine.Mentor) -> engine.Mentor:
    """The first person as a mentor with the other's skills."""
    return engine.Mentor(
        number=one.number,
        hours=one.hours,
        languages=one.languages,
        values=one.values,
        style=one.style,
        interests=one.interests,
        level=one.level,
        team=one.team,
        site=one.site,
        city=one.city,
        skills=other.skills,
        topics=other.topics,
    )


def _mentee(draw: random.Random, shared: Shared, number: int, people: int) -> engine.Mentee:
    return engine.Mentee(
        number=str(number),
        **_answers(draw, shared, number, people),
        level=draw.choices((1, 2, 3, 4), (0.3, 0.35, 0.25, 0.1))[0],
        goals=tuple(
            engine.Goal(skill, draw.choice((1.0, 0.75, 0.5)))
            for skill in _some_skills(draw, shared, draw.randint(1, 3))
        ),
        goal_names_level=draw.random() < 0.3,
        skills={skill: draw.randint(2, 6) for skill in _some_skills(draw, shared, draw.randint(0, 2))},
    )


def _mentor(draw: random.Random, shared: Shared, number: int, size: tuple[int, int]) -> engine.Mentor:
    people, seats = size
    skills = {skill: draw.randint(6, 14) / 2 for skill in _some_skills(draw, shared, draw.randint(3, 6))}
    rated = draw.random() < 0.3
    count = draw.randint(1, 12) if rated else 0
    return engine.Mentor(
        number=str(number),
        **_answers(draw, shared, number, people),
        level=draw.choices((2, 3, 4, 5, 6), (0.15, 0.3, 0.3, 0.15, 0.1))[0],
        skills=skills,
        topics=frozenset(list(skills)[:2]) if draw.random() < 0.4 else frozenset(),
        aims=tuple(
            engine.Goal(skill) for skill in _some_skills(draw, shared, 1 if draw.random() < 0.25 else 0)
        ),
        capacity=seats,
        seats_left=seats,
        feedback=engine.Feedback(count * draw.randint(8, 16) / 16, count),
    )


def _answers(draw: random.Random, shared: Shared, number: int, people: int) -> dict[str, object]:
    region = draw.choices(range(len(REGIONS)), [share for _, share in REGIONS])[0]
    site = draw.randrange(SITES)
    spoken = {"en"} if draw.random() < 0.9 else set()
    if not spoken or draw.random() < 0.5:
        spoken.add(draw.choice(LANGUAGES[region]))
    return {
        "hours": draw.choice(shared.hours[region]),
        "languages": frozenset(spoken),
        "values": draw.choice(shared.values),
        "style": draw.choice(shared.styles),
        "interests": draw.choice(shared.interests),
        "team": f"team-{number % max(1, people // TEAM_SIZE)}",
        "site": f"site-{region}-{site}",
        "city": f"city-{region}-{site // 2}",
    }


def _some_skills(draw: random.Random, shared: Shared, count: int) -> Sequence[str]:
    """Different skills, the popular ones more often."""
    return tuple(dict.fromkeys(draw.choices(shared.skills, shared.popularity, k=count)))


def _shared(draw: random.Random) -> Shared:
    skills = tuple(taxonomy.skills())
    return Shared(
        hours=tuple(tuple(_week(draw, offset) for _ in range(POOL)) for offset, _ in REGIONS),
        values=tuple(_scales(draw, SCALES) for _ in range(POOL)),
        styles=tuple(_scales(draw, STYLES) for _ in range(POOL)),
        interests=tuple(frozenset(draw.sample(INTERESTS, draw.randint(0, 5))) for _ in range(POOL)),
        skills=skills,
        popularity=tuple(1 / (10 + place) for place in range(len(skills))),
    )


def _week(draw: random.Random, offset: int) -> int:
    """Some free stretches of the local working days, as half-hours in UTC."""
    bits = 0
    for _ in range(STRETCHES):
        first = draw.randrange(5) * 48 + draw.randrange(FIRST_LOCAL, LAST_LOCAL - STRETCH_MAX)
        for half in range(first, first + draw.randint(STRETCH_MIN, STRETCH_MAX)):
            bits |= 1 << (half - 2 * offset) % 336
    return bits


def _scales(draw: random.Random, scales: Sequence[str]) -> dict[str, int]:
    return {scale: draw.randint(1, 5) for scale in scales if draw.random() < 0.85}

"""Before a run: who is not ready and what is missing, which codes mean nothing, and whom the rules leave
nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.matching.core import levels
from services.matching.core.ids import ParticipationId, PersonId, Role
from services.matching.core.participations import Participation
from services.matching.core.pool import Pool
from services.matching.engine.feasible import Feasible

MISSING = {
    "not-eligible": "is on leave or has left",
    "consent-missing": "has not agreed to be matched",
    "goals-missing": "has named no goals",
    "skills-missing": "has named no skills to share",
    "languages-missing": "has named no language",
    "hours-missing": "has named no hours",
    "level-unknown": "has a title of no known level, and the rules ask for one",
}


@dataclass(frozen=True)
class Lacking:
    """Somebody whom no run can pair yet, and everything that is missing."""

    participation_id: ParticipationId
    person_id: PersonId
    employee_number: str
    name: str
    role: Role
    codes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return f"{self.name} {', '.join(MISSING[code] for code in self.codes)}."


@dataclass(frozen=True)
class Uncovered:
    """A goal nobody shares; `wanted` mentees have it. `related`: somebody shares a skill of its family."""

    code: str
    name: str
    wanted: int
    related: bool


@dataclass(frozen=True)
class Ready:
    """`unknown_skills` are codes that are not on the skill list, `unknown_titles` titles without a level;
    both with how often they are told."""

    feasible: Feasible
    lacking: tuple[Lacking, ...]
    uncovered: tuple[Uncovered, ...]
    unknown_skills: tuple[tuple[str, int], ...]
    unknown_titles: tuple[tuple[str, int], ...]


def ready(pool: Pool, feasible: Feasible) -> Ready:
    """Of those who look for somebody: mentees without a match, mentors with seats."""
    placed = {mentee for mentee, _ in pool.open_pairs}
    looking = [one for one in pool.participations if one.id not in placed]
    looking.sort(key=lambda one: (one.role, _in_order(pool.number(one.person_id))))
    return Ready(
        feasible=feasible,
        lacking=tuple(found for one in looking if (found := _lacking(pool, one)) is not None),
        uncovered=_uncovered(pool, looking),
        unknown_skills=_unknown_skills(pool, looking),
        unknown_titles=_unknown_titles(pool, looking),
    )


def _in_order(number: str) -> tuple[int, str]:
    """9 comes before 10."""
    return len(number), number


def _lacking(pool: Pool, one: Participation) -> Lacking | None:
    person, told = pool.people[one.person_id], one.profile
    asks_level = pool.programme.rules.seniority != 0
    missing = {
        "not-eligible": person.card.status != "active",
        "consent-missing": not one.consent,
        "goals-missing": one.role == "mentee" and not told.goals,
        "skills-missing": one.role == "mentor" and not told.skills,
        "languages-missing": not told.languages,
        "hours-missing": not told.hours,
        "level-unknown": asks_level and levels.level(person.card.title) is None,
    }
    codes = tuple(code for code, is_so in missing.items() if is_so)
    if not codes:
        return None
    name = f"{person.card.given_name} {person.card.family_name}".strip()
    return Lacking(one.id, one.person_id, person.card.employee_number, name, one.role, codes)


def _uncovered(pool: Pool, looking: Sequence[Participation]) -> tuple[Uncovered, ...]:
    shared = {code for one in looking if one.role == "mentor" for code in one.profile.skills}
    families = {pool.topics[code].family for code in shared if code in pool.topics}
    wanted = Counter(code for one in looking if one.role == "mentee" for code in one.profile.goals)
    return tuple(
        Uncovered(code, pool.topics[code].name, many, pool.topics[code].family in families)
        for code, many in sorted(wanted.items(), key=lambda item: (-item[1], item[0]))
        if code not in shared and code in pool.topics
    )


def _unknown_skills(pool: Pool, looking: Sequence[Participation]) -> tuple[tuple[str, int], ...]:
    told = Counter(code for one in looking for code in (*one.profile.goals, *one.profile.skills))
    return tuple(sorted((code, many) for code, many in told.items() if code not in pool.topics))


def _unknown_titles(pool: Pool, looking: Sequence[Participation]) -> tuple[tuple[str, int], ...]:
    titles = Counter(pool.people[one.person_id].card.title for one in looking)
    return tuple(sorted((title, many) for title, many in titles.items() if levels.level(title) is None))

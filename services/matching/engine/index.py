"""A market as arrays, both sides in the order of their employee numbers.

Everything that enters a sum is float32 and is summed in a fixed order, so all machines get the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from services.matching.engine import market, reporting, sides

IDF_STEPS = 4096
RELATED_CREDIT = 0.5

P = TypeVar("P", bound=market.Person)


@dataclass(frozen=True, slots=True)
class Index:
    """The arrays of a market of n mentees and m mentors, and the values they were made of in the same order.

    `goal_skill`, `goal_weight` [n, goals]: the row of the skill in `reach`, importance · idf; padded with
    weight 0. `goal_total` [n]: the sum of a mentee's weights. `reach`, `teaches` [skills, m]: how far a
    mentor can help with a skill, and whether they want to. `seats` [m]. `blocked` [b, 2]: positions of pairs.
    """

    whole: market.Market
    mentees: tuple[market.Mentee, ...]
    mentors: tuple[market.Mentor, ...]
    left: sides.Side
    right: sides.Side
    goal_skill: sides.Integers
    goal_weight: sides.Floats
    goal_total: sides.Floats
    names_level: sides.Flags
    reach: sides.Floats
    teaches: sides.Floats
    seats: sides.Integers
    blocked: sides.Integers
    line: reporting.Reporting


def build(whole: market.Market) -> Index:
    """The arrays of a market; raises InvalidMarket."""
    market.check(whole)
    mentees = _ordered(whole.mentees)
    mentors = _ordered(whole.mentors)
    line = reporting.tree(whole.managers, (person.number for person in (*mentees, *mentors)))
    left, right = _both_sides(mentees, mentors, line, whole.rules.priors.feedback)
    skills = _skills(mentees, mentors)
    goal_skill, goal_weight = _goals(mentees, skills, _idf(skills, mentors))
    return Index(
        whole=whole,
        mentees=mentees,
        mentors=mentors,
        left=left,
        right=right,
        goal_skill=goal_skill,
        goal_weight=goal_weight,
        goal_total=_row_sums(goal_weight),
        names_level=np.array([mentee.goal_names_level for mentee in mentees], np.bool_),
        reach=_reach(mentors, skills, _related(skills, whole.topics)),
        teaches=_teaches(mentors, skills, _related(skills, whole.topics)),
        seats=np.array([mentor.seats_left for mentor in mentors], np.int32),
        blocked=_blocked(whole.blocked, left.numbers, right.numbers),
        line=line,
    )


def _ordered(people: Iterable[P]) -> tuple[P, ...]:
    return tuple(sorted(people, key=lambda person: market.in_order(person.number)))


def _both_sides(
    mentees: Sequence[market.Mentee],
    mentors: Sequence[market.Mentor],
    line: reporting.Reporting,
    rating_prior: float,
) -> tuple[sides.Side, sides.Side]:
    words = sides.vocabulary((*mentees, *mentors))
    has_goals = [bool(mentee.goals) for mentee in mentees]
    has_skills = [bool(shared(mentor)) for mentor in mentors]
    return (
        sides.of(mentees, words, line, ready=has_goals, rating_prior=rating_prior),
        sides.of(mentors, words, line, ready=has_skills, rating_prior=rating_prior),
    )


def shared(mentor: market.Mentor) -> frozenset[str]:
    """The skills a mentor has anything to share of."""
    return frozenset(skill for skill, level in mentor.skills.items() if level > 0)


def taught(mentor: market.Mentor) -> frozenset[str]:
    """The topics a mentor wants to teach: those they named, else all they can share."""
    return mentor.topics or shared(mentor)


def _skills(mentees: Iterable[market.Mentee], mentors: Iterable[market.Mentor]) -> dict[str, int]:
    wanted = {goal.skill for mentee in mentees for goal in mentee.goals}
    offered = {skill for mentor in mentors for skill in (*mentor.skills, *mentor.topics)}
    return sides.positions(wanted | offered)


def _idf(skills: Mapping[str, int], mentors: Sequence[market.Mentor]) -> dict[str, float]:
    """How rare a skill is: 1 + ln((mentors + 1) / (mentors who share it + 1)), in steps of 1/4096."""
    owners = dict.fromkeys(skills, 0)
    for mentor in mentors:
        for skill in shared(mentor):
            owners[skill] += 1
    logs = {skill: 1 + math.log((len(mentors) + 1) / (count + 1)) for skill, count in owners.items()}
    return {skill: round(value * IDF_STEPS) / IDF_STEPS for skill, value in logs.items()}


def _goals(
    mentees: Sequence[market.Mentee], skills: Mapping[str, int], idf: Mapping[str, float]
) -> tuple[sides.Integers, sides.Floats]:
    width = max((len(mentee.goals) for mentee in mentees), default=0)
    skill = np.zeros((len(mentees), width), np.int32)
    weight = np.zeros((len(mentees), width), np.float32)
    for row, mentee in enumerate(mentees):
        for column, goal in enumerate(sorted(mentee.goals, key=lambda goal: goal.skill)):
            skill[row, column] = skills[goal.skill]
            weight[row, column] = goal.importance * idf[goal.skill]
    return skill, weight


def _row_sums(table: sides.Floats) -> sides.Floats:
    total = np.zeros(len(table), np.float32)
    for column in range(table.shape[1]):
        total += table[:, column]
    return total


def _related(skills: Mapping[str, int], topics: Mapping[str, market.Topic]) -> list[list[int]]:
    """Per skill the positions of the others of its family."""
    families = {skill: topics[skill].family for skill in skills if skill in topics}
    members: dict[str, list[int]] = {}
    for skill, position in skills.items():
        if families.get(skill):
            members.setdefault(families[skill], []).append(position)
    return [
        [other for other in members.get(families.get(skill, ""), []) if other != position]
        for skill, position in skills.items()
    ]


def _reach(
    mentors: Sequence[market.Mentor], skills: Mapping[str, int], related: Sequence[Sequence[int]]
) -> sides.Floats:
    """1 − (1 − p)(1 − r/2): p the proficiency, r the best in a related skill.

    A related skill alone gets half credit; having the skill itself always adds to that.
    """
    own = np.zeros((len(skills), len(mentors)), np.float32)
    for column, mentor in enumerate(mentors):
        for skill, level in mentor.skills.items():
            own[skills[skill], column] = level / market.LEVEL_MAX
    one, credit = np.float32(1), np.float32(RELATED_CREDIT)
    return one - (one - own) * (one - credit * _best_related(own, related))


def _teaches(
    mentors: Sequence[market.Mentor], skills: Mapping[str, int], related: Sequence[Sequence[int]]
) -> sides.Floats:
    """1 where the mentor wants to teach the skill, half where they want to teach a related one."""
    own = np.zeros((len(skills), len(mentors)), np.float32)
    for column, mentor in enumerate(mentors):
        for skill in taught(mentor):
            own[skills[skill], column] = 1
    halves = np.float32(RELATED_CREDIT) * _best_related(own, related)
    best: sides.Floats = np.maximum(own, halves)
    return best


def _best_related(own: sides.Floats, related: Sequence[Sequence[int]]) -> sides.Floats:
    best = np.zeros_like(own)
    for position, others in enumerate(related):
        if others:
            best[position] = own[others].max(axis=0)
    return best


def _blocked(
    pairs: frozenset[tuple[str, str]], mentees: Sequence[str], mentors: Sequence[str]
) -> sides.Integers:
    row = {number: position for position, number in enumerate(mentees)}
    column = {number: position for position, number in enumerate(mentors)}
    here = sorted((row[a], column[b]) for a, b in pairs if a in row and b in column)
    return np.array(here, np.int32).reshape(len(here), 2)

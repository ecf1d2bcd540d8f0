"""A market as arrays, both sides in the order of their employee numbers.

Everything that enters a sum is float32 and is summed in a fixed order, so all machines get the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from services.matching.engine import checking, market, reporting, sides

IDF_STEPS = 4096
SHARE_STEPS = 1 << 22
RELATED_CREDIT = 0.5

Wide = npt.NDArray[np.int64]

P = TypeVar("P", bound=market.Person)


class Places(NamedTuple):
    """Some pairs of a list in a block: which of the list, and their rows and columns in the block."""

    here: sides.Flags
    row: sides.Integers
    column: sides.Integers


@dataclass(frozen=True, slots=True)
class Index:
    """The arrays of a market of n mentees and m mentors, and the values they were made of in the same order.

    `goal_skill`, `goal_share` [n, goals]: the row of the skill in `reach`, and importance · idf as shares
    that add up to exactly 1; padded with 0. `reach`, `teaches` [skills, m]: how far a mentor can help with a
    skill, and whether they want to. `aim_skill`, `aim_share` [m, aims], `serves` [skills, n]: the same for
    what mentors want to learn, by importance; `shares` [n]: who shares a skill, `aims` [m]: who has an aim.
    what mentors want to learn, by importance; `shares` [n]: who shares a skill, `aims` [m]: who has an aim.
    `offers` [m]: who has any seat, `seats` [m]: how many are free. `bonus` [n]. `blocked` [b, 2], `standing`
    [s, 2]: positions of pairs, ascending; `favourites` [f, 2] likewise, and `lift` [f], how far each goes
    towards 1.
    """

    whole: market.Market
    mentees: tuple[market.Mentee, ...]
    mentors: tuple[market.Mentor, ...]
    left: sides.Side
    right: sides.Side
    goal_skill: sides.Integers
    goal_share: sides.Floats
    names_level: sides.Flags
    reach: sides.Floats
    teaches: sides.Floats
    aim_skill: sides.Integers
    aim_share: sides.Floats
    serves: sides.Floats
    shares: sides.Flags
    aims: sides.Flags
    offers: sides.Flags
    seats: sides.Integers
    bonus: sides.Integers
    blocked: sides.Integers
    standing: sides.Integers
    favourites: sides.Integers
    lift: sides.Floats
    line: reporting.Reporting

    def inside(self, pairs: sides.Integers, rows: slice, columns: slice) -> Places:
        """Which of the pairs [b, 2] lie in a block of rows and columns, and where in the block they do."""
        sizes = range(len(self.left.numbers))[rows], range(len(self.right.numbers))[columns]
        row, column = pairs[:, 0] - sizes[0].start, pairs[:, 1] - sizes[1].start
        here = (row >= 0) & (row < len(sizes[0])) & (column >= 0) & (column < len(sizes[1]))
        return Places(here, row[here], column[here])

    def find(self, pairs: sides.Integers, rows: Wide, columns: Wide) -> Wide:
        """Where in an ascending list of pairs [b, 2] each pair of a row and a column stands; −1: nowhere."""
        width = len(self.right.numbers)
        known = pairs[:, 0].astype(np.int64) * width + pairs[:, 1]
        asked = rows.astype(np.int64) * width + columns
        if len(known) == 0:
            return np.full(len(asked), -1, np.int64)
        where = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        return np.where(known[where] == asked, where, -1)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a market's arrays are numbered by and weighed with, beyond any single person.

    Kept while people come and go: nobody's joining changes what two others are worth to each other. `idf`
    by skill; a skill that nobody shared when it was counted is the `rarest`.
    """

    words: sides.Vocabulary
    skills: Mapping[str, int]
    related: Sequence[Sequence[int]]
    idf: Mapping[str, float]
    rarest: float
    line: reporting.Reporting


def frame(whole: market.Market, *, more: Iterable[str] = (), before: Frame | None = None) -> Frame:
    """The frame of a market, with room for `more` skills; what skills count stays as `before`."""
    people = (*whole.mentees, *whole.mentors)
    known = before.skills if before is not None else {}
    skills = sides.positions([*_skills(whole.mentees, whole.mentors), *more, *known])
    idf, rarest = _idf(skills, whole.mentors), _rarity(len(whole.mentors), 0)
    if before is not None:
        idf, rarest = {skill: before.idf.get(skill, before.rarest) for skill in skills}, before.rarest
    return Frame(
        words=sides.vocabulary(people),
        skills=skills,
        related=_related(skills, whole.topics),
        idf=idf,
        rarest=rarest,
        line=reporting.tree(whole.managers, (person.number for person in people)),
    )


def build(whole: market.Market, kept: Frame | None = None) -> Index:
    """The arrays of a market, in a frame that was kept or in its own; raises InvalidMarket."""
    checking.check(whole)
    mentees = _ordered(whole.mentees)
    mentors = _ordered(whole.mentors)
    at = kept or frame(whole)
    skills, related = at.skills, at.related
    left, right = _both_sides(mentees, mentors, at, whole.rules.priors.feedback)
    goal_skill, goal_share = _goals([mentee.goals for mentee in mentees], skills, at.idf)
    aim_skill, aim_share = _goals([mentor.aims for mentor in mentors], skills, dict.fromkeys(skills, 1.0))
    favourites, lift = _favourites(whole, left.numbers, right.numbers)
    return Index(
        whole=whole,
        mentees=mentees,
        mentors=mentors,
        left=left,
        right=right,
        goal_skill=goal_skill,
        goal_share=goal_share,
        names_level=np.array([mentee.goal_names_level for mentee in mentees], np.bool_),
        reach=_reach(mentors, skills, related),
        teaches=_teaches(mentors, skills, related),
        aim_skill=aim_skill,
        aim_share=aim_share,
        serves=_reach(mentees, skills, related),
        shares=np.array([bool(shared(mentee)) for mentee in mentees], np.bool_),
        aims=np.array([bool(mentor.aims) for mentor in mentors], np.bool_),
        offers=np.array([mentor.capacity > 0 for mentor in mentors], np.bool_),
        seats=np.array([mentor.seats_left for mentor in mentors], np.int32),
        bonus=np.array([whole.bonus.get(number, 0) for number in left.numbers], np.int32),
        blocked=_pairs(whole.blocked, left.numbers, right.numbers),
        standing=_pairs(whole.standing, left.numbers, right.numbers),
        favourites=favourites,
        lift=lift,
        line=at.line,
    )


def _ordered(people: Iterable[P]) -> tuple[P, ...]:
    return tuple(sorted(people, key=lambda person: market.in_order(person.number)))


def _both_sides(
    mentees: Sequence[market.Mentee],
    mentors: Sequence[market.Mentor],
    at: Frame,
    rating_prior: float,
) -> tuple[sides.Side, sides.Side]:
    has_goals = [bool(mentee.goals) for mentee in mentees]
    has_skills = [bool(shared(mentor)) for mentor in mentors]
    return (
        sides.of(mentees, at.words, at.line, ready=has_goals, rating_prior=rating_prior),
        sides.of(mentors, at.words, at.line, ready=has_skills, rating_prior=rating_prior),
    )


def shared(person: market.Mentee | market.Mentor) -> frozenset[str]:
    """The skills somebody has anything to share of."""
    return frozenset(skill for skill, level in person.skills.items() if level > 0)


def taught(mentor: market.Mentor) -> frozenset[str]:
    """The topics a mentor wants to teach: those they named, else all they can share."""
    return mentor.topics or shared(mentor)


def _skills(mentees: Iterable[market.Mentee], mentors: Iterable[market.Mentor]) -> set[str]:
    wanted = {goal.skill for mentee in mentees for goal in mentee.goals}
    offered = {skill for mentor in mentors for skill in (*mentor.skills, *mentor.topics)}
    in_turn = {skill for mentee in mentees for skill in mentee.skills}
    aims = {aim.skill for mentor in mentors for aim in mentor.aims}
    return wanted | offered | in_turn | aims


def _idf(skills: Mapping[str, int], mentors: Sequence[market.Mentor]) -> dict[str, float]:
    """How rare a skill is: 1 + ln((mentors + 1) / (mentors who share it + 1)), in steps of 1/4096."""
    owners = dict.fromkeys(skills, 0)
    for mentor in mentors:
        for skill in shared(mentor):
            owners[skill] += 1
    return {skill: _rarity(len(mentors), count) for skill, count in owners.items()}


def _rarity(mentors: int, owners: int) -> float:
    return round((1 + math.log((mentors + 1) / (owners + 1))) * IDF_STEPS) / IDF_STEPS


def _goals(
    wishes: Sequence[Sequence[market.Goal]], skills: Mapping[str, int], idf: Mapping[str, float]
) -> tuple[sides.Integers, sides.Floats]:
    width = max((len(goals) for goals in wishes), default=0)
    skill = np.zeros((len(wishes), width), np.int32)
    weight = np.zeros((len(wishes), width), np.float64)
    for row, goals in enumerate(wishes):
        for column, goal in enumerate(sorted(goals, key=lambda goal: goal.skill)):
            skill[row, column] = skills[goal.skill]
            weight[row, column] = goal.importance * idf[goal.skill]
    return skill, of_one(weight)


def of_one(weight: npt.NDArray[np.float64]) -> sides.Floats:
    """Weights [n, k] as shares in steps of 2⁻²²: their float32 sum is exactly 1 in a row with a weight."""
    total = np.zeros(len(weight))
    for column in range(weight.shape[1]):
        total += weight[:, column]
    steps = np.floor(weight / np.maximum(total, 1e-9)[:, None] * SHARE_STEPS).astype(np.int64)
    if weight.shape[1]:
        steps[:, 0] += np.where(total > 0, SHARE_STEPS - steps.sum(axis=1), 0)
    return (steps / SHARE_STEPS).astype(np.float32)


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
    people: Sequence[market.Mentee | market.Mentor],
    skills: Mapping[str, int],
    related: Sequence[Sequence[int]],
) -> sides.Floats:
    """1 − (1 − p)(1 − r/2): p the proficiency, r the best in a related skill.

    A related skill alone gets half credit; having the skill itself always adds to that.
    """
    own = np.zeros((len(skills), len(people)), np.float32)
    for column, person in enumerate(people):
        for skill, level in person.skills.items():
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


def _pairs(
    pairs: Iterable[tuple[str, str]], mentees: Sequence[str], mentors: Sequence[str]
) -> sides.Integers:
    row, column = _positions(mentees), _positions(mentors)
    here = sorted((row[a], column[b]) for a, b in pairs if a in row and b in column)
    return np.array(here, np.int32).reshape(len(here), 2)


def _favourites(
    whole: market.Market, mentees: Sequence[str], mentors: Sequence[str]
) -> tuple[sides.Integers, sides.Floats]:
    row, column = _positions(mentees), _positions(mentors)
    found = sorted(
        (row[who], column[mentor], whole.rules.preference * rank)
        for who, mentors_named in whole.favourites.items()
        for mentor, rank in zip(mentors_named, market.FAVOURITES, strict=False)
        if who in row and mentor in column
    )
    pairs = np.array([(i, j) for i, j, _ in found], np.int32).reshape(len(found), 2)
    return pairs, np.array([lift for _, _, lift in found], np.float32)


def _positions(numbers: Sequence[str]) -> dict[str, int]:
    return {number: position for position, number in enumerate(numbers)}

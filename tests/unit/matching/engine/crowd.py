"""A company of any size as arrays, made in moments: for measuring and for what needs more than a few people.

    index = crowd.index(20_000, 8_000)      # about a quarter of the pairs feasible, 0.8 seats per mentee

Twelve sites on three continents, 68 skills in families, weekly hours around the local working day, a manager
tree, and all the optional answers of four in five people. The same seed gives the same people.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.matching.engine import index as arrays
from services.matching.engine import market, reporting, sides
from services.matching.engine.index import Index

SITES, SKILLS, FAMILIES, INTERESTS, SCALES, LANGUAGES = 12, 68, 19, 24, 4, 6
UTC_OFFSET = np.array([-8, -8, -6, -5, -5, 0, 1, 1, 2, 5, 8, 9])
FAN_OUT = 8
GOALS, OFFERED, AIMED = 3, 6, 2
SEATS_PER_MENTEE = 0.8

Draw = np.random.Generator


def index(mentees: int, mentors: int, *, seed: int = 0, rules: market.ProgrammeRules | None = None) -> Index:
    """The arrays of a market; nobody has a `market.Mentee` or `market.Mentor` behind them."""
    draw = np.random.default_rng(seed)
    company = int(1.05 * (mentees + mentors))
    left, right = draw.permutation(company)[:mentees], draw.permutation(company)[:mentors]
    asked = rules or market.ProgrammeRules()
    family = np.arange(SKILLS) % FAMILIES
    goal, aim = _some(draw, mentees, GOALS), _some(draw, mentors, AIMED)
    rarity = 1 + np.round(draw.random(SKILLS) * 2 * 4096) / 4096
    goal_weight = draw.choice([0.25, 0.5, 1.0], goal.shape) * rarity[goal]
    aiming = draw.random(mentors) < 0.4
    aim_weight = draw.choice([0.5, 1.0], aim.shape) * aiming[:, None]
    skilled, sharing = _levels(draw, mentors), _levels(draw, mentees)
    sharing[:, draw.random(mentees) < 0.5] = 0
    topics = (skilled > 0) & (draw.random(skilled.shape) < 0.6)
    seats = _seats(draw, mentors, round(SEATS_PER_MENTEE * mentees))
    none = np.zeros((0, 2), np.int32)
    return Index(
        whole=market.Market(mentees=(), mentors=(), rules=asked),
        mentees=(),
        mentors=(),
        left=_side(draw, left, company, asked.priors.feedback),
        right=_side(draw, right, company, asked.priors.feedback),
        goal_skill=goal,
        goal_share=arrays.of_one(goal_weight),
        names_level=draw.random(mentees) < 0.2,
        reach=_related(skilled / np.float32(market.LEVEL_MAX), family),
        teaches=np.maximum(topics, 0.5 * _best_of_family(topics, family)).astype(np.float32),
        aim_skill=aim,
        aim_share=arrays.of_one(aim_weight),
        serves=_related(sharing / np.float32(market.LEVEL_MAX), family),
        shares=(sharing > 0).any(axis=0),
        aims=aiming,
        offers=np.ones(mentors, np.bool_),
        seats=seats,
        bonus=np.zeros(mentees, np.int32),
        blocked=none,
        standing=none,
        favourites=none,
        lift=np.zeros(0, np.float32),
        line=reporting.tree({}),
    )


def _some(draw: Draw, people: int, count: int) -> sides.Integers:
    """A few different skills of each person, ascending."""
    first = draw.integers(0, SKILLS, people)
    steps = draw.integers(1, SKILLS // count, (people, count)).cumsum(axis=1)
    return np.sort((first[:, None] + steps) % SKILLS, axis=1).astype(np.int32)


def _levels(draw: Draw, people: int) -> npt.NDArray[np.float32]:
    """Skill levels of 0 to 7 [skills, people], most 0."""
    levels = np.zeros((SKILLS, people), np.float32)
    for skill in _some(draw, people, OFFERED).T:
        levels[skill, np.arange(people)] = draw.integers(1, 8, people)
    return levels


def _best_of_family(own: npt.NDArray[np.generic], family: npt.NDArray[np.int64]) -> npt.NDArray[np.generic]:
    best = np.zeros_like(own)
    for skill in range(SKILLS):
        others = np.flatnonzero((family == family[skill]) & (np.arange(SKILLS) != skill))
        best[skill] = own[others].max(axis=0)
    return best


def _related(own: sides.Floats, family: npt.NDArray[np.int64]) -> sides.Floats:
    one, half = np.float32(1), np.float32(0.5)
    return one - (one - own) * (one - half * _best_of_family(own, family))


def _seats(draw: Draw, mentors: int, total: int) -> sides.Integers:
    seats = draw.multinomial(total, np.full(mentors, 1 / mentors)) if mentors else np.zeros(0)
    return seats.astype(np.int32)


def _side(draw: Draw, who: npt.NDArray[np.int64], company: int, prior: float) -> sides.Side:
    people = len(who)
    site = who * SITES // company + 1
    given = draw.random(people) < 0.8
    interests = sum(
        np.uint64(1) << word.astype(np.uint64) for word in draw.integers(0, INTERESTS, (3, people))
    )
    liked = (np.asarray(interests, np.uint64) * given)[:, None]
    ratings = draw.integers(0, 4, people)
    return sides.Side(
        numbers=tuple(map(str, who.tolist())),
        hours=_hours(draw, UTC_OFFSET[site - 1]),
        languages=_languages(draw, site),
        interests=liked,
        values=(draw.integers(1, 6, (people, SCALES)) * given[:, None]).astype(np.int8),
        style=(draw.integers(1, 6, (people, SCALES)) * given[:, None]).astype(np.int8),
        level=np.minimum(draw.geometric(0.35, people) - 1, 9).astype(np.int32),
        team=(who // FAN_OUT + 1).astype(np.int32),
        site=site.astype(np.int32),
        city=((site + 1) // 2).astype(np.int32),
        tin=who.astype(np.int32),
        tout=(who + 1 + _below(who)).astype(np.int32),
        root=sides.roots(liked),
        rating=((ratings * draw.random(people) + 4 * prior) / (ratings + 4)).astype(np.float32),
        rated=ratings > 0,
        consent=draw.random(people) < 0.99,
        eligible=draw.random(people) < 0.99,
        ready=draw.random(people) < 0.99,
    )


def _below(who: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many people stand behind somebody in a tour of the tree: every eighth leads those after them."""
    below = np.zeros(len(who), np.int64)
    for span in (FAN_OUT, FAN_OUT**2, FAN_OUT**3, FAN_OUT**4):
        below[who % span == 0] = span - 1
    return below


def _languages(draw: Draw, site: npt.NDArray[np.int64]) -> sides.Words:
    """English for nine in ten, and a language of the site for nine in ten."""
    english = (draw.random(len(site)) < 0.9).astype(np.uint64)
    local = np.uint64(1) << (1 + (site - 1) // 2 % (LANGUAGES - 1)).astype(np.uint64)
    return (english | local * (draw.random(len(site)) < 0.9).astype(np.uint64))[:, None]


def _hours(draw: Draw, offset: npt.NDArray[np.int64]) -> sides.Words:
    """A stretch of two to four hours on four days of the week, around the local working day."""
    people = len(offset)
    bits = np.zeros((people, 384), np.bool_)
    for day in draw.permuted(np.tile(np.arange(5), (people, 1)), axis=1)[:, :4].T:
        start, length = draw.integers(16, 32, people), draw.integers(4, 9, people)
        for half in range(8):
            at = (day * 48 + start + half - 2 * offset) % 336
            bits[np.arange(people), at] |= half < length
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)

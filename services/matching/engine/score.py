"""How well two people fit: the components of matching's model, both utilities and the fused integer weight.

u = Σ a·f for the mentee, v = Σ b·g for the mentor, s = 2uv / (u + v), w = ⌊10⁵·s + ½⌋, all in float32,
element by element and in a fixed order, so that every machine computes the same weights. Each component is a
fixed curve of the two people's own answers; a missing answer counts as the programme's prior. A favourite
lifts u by ρ·r·(1 − u): it always helps who names one. What the programme adds comes on top of w, in integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from services.matching.engine import index as arrays
from services.matching.engine import market, rules, sides

WEIGHT_OF_ONE = 100_000
ENOUGH_HALF_HOURS = 8
SAME_CITY = 0.6
GAP_STEEPNESS = 0.12
BLOCK_PAIRS = 1 << 20

Part = tuple[sides.Floats, sides.Floats, sides.Flags]


@dataclass(frozen=True, slots=True)
class Component:
    """What one component gives the mentee (`u`) and the mentor (`v`) of a pair, in [0, 1], with its weights.

    `given` is false where an answer is missing and the prior was taken.
    """

    code: str
    u: float
    v: float
    mentee_weight: float
    mentor_weight: float
    given: bool


def components(index: arrays.Index, row: int, column: int) -> tuple[Component, ...]:
    """The components of one pair, from the same arithmetic as its weight."""
    weights = index.whole.rules
    found = []
    for code, (u, v, given) in _parts(index, slice(row, row + 1), slice(column, column + 1)):
        found.append(
            Component(
                code,
                float(u[0, 0]),
                float(v[0, 0]),
                weights.mentee_weights.get(code, 0.0),
                weights.mentor_weights.get(code, 0.0),
                bool(given[0, 0]),
            )
        )
    return tuple(found)


def matrix(index: arrays.Index) -> tuple[sides.Integers, rules.Mask]:
    """The weights [n, m] of all pairs, 0 where a rule excludes the pair, and the mask of the rules [n, m]."""
    shape = len(index.mentees), len(index.mentors)
    weights = np.zeros(shape, np.int32)
    bad = np.zeros(shape, np.uint16)
    step = max(1, BLOCK_PAIRS // max(1, shape[1]))
    for first in range(0, shape[0], step):
        rows = slice(first, min(first + step, shape[0]))
        bad[rows] = rules.mask(index, rows, slice(None))
        weights[rows] = np.where(bad[rows] == 0, block(index, rows, slice(None)), 0)
    return weights, bad


def block(index: arrays.Index, rows: slice, columns: slice) -> sides.Integers:
    """The weights of a block of pairs, whether a rule excludes them or not."""
    weights = fit(index, rows, columns)
    weights += added(index, rows, columns) * (weights > 0)
    return weights


def fit(index: arrays.Index, rows: slice, columns: slice) -> sides.Integers:
    """What is fused from the two utilities, before anything is added."""
    u, v = utilities(index, rows, columns)
    both = u + v
    fused = np.divide(np.float32(2) * u * v, both, out=np.zeros_like(both), where=both > 0)
    weights: sides.Integers = (np.float32(WEIGHT_OF_ONE) * fused + np.float32(0.5)).astype(np.int32)
    return weights


def added(index: arrays.Index, rows: slice, columns: slice) -> sides.Integers:
    """The bonus of the mentee and, for a standing proposal, the programme's hysteresis."""
    shape = len(index.left.numbers[rows]), len(index.right.numbers[columns])
    extra: sides.Integers = np.broadcast_to(index.bonus[rows, None], shape).astype(np.int32)
    found = index.inside(index.standing, rows, columns)
    extra[found.row, found.column] += np.int32(index.whole.rules.hysteresis)
    return extra


def utilities(index: arrays.Index, rows: slice, columns: slice) -> tuple[sides.Floats, sides.Floats]:
    """What each pair of a block is worth to the mentee and to the mentor, in [0, 1]."""
    shape = len(index.left.numbers[rows]), len(index.right.numbers[columns])
    u, v = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for code, (f, g, _) in _parts(index, rows, columns):
        u += np.float32(index.whole.rules.mentee_weights.get(code, 0)) * f
        v += np.float32(index.whole.rules.mentor_weights.get(code, 0)) * g
    found = index.inside(index.favourites, rows, columns)
    named = u[found.row, found.column]
    u[found.row, found.column] = named + index.lift[found.here] * (np.float32(1) - named)
    return u, v


def _parts(index: arrays.Index, rows: slice, columns: slice) -> Iterator[tuple[str, Part]]:
    for code in market.COMPONENTS:
        yield code, PARTS[code](index, rows, columns)


def _goals(index: arrays.Index, rows: slice, columns: slice) -> Part:
    """The weighted share of the goals the mentor can help with, and of those they want to teach."""
    shape = len(index.left.numbers[rows]), len(index.right.numbers[columns])
    helped, taught = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for goal in range(index.goal_skill.shape[1]):
        skill, weight = index.goal_skill[rows, goal], index.goal_weight[rows, goal, None]
        helped += weight * index.reach[:, columns][skill]
        taught += weight * index.teaches[:, columns][skill]
    # Real totals are at least an importance of 1/1000: this only keeps people without goals from 0 / 0.
    total: sides.Floats = np.maximum(index.goal_total[rows, None], np.float32(1e-6))
    given = index.left.ready[rows, None] & index.right.ready[None, columns]
    return helped / total, taught / total, given


def _aims(index: arrays.Index, rows: slice, columns: slice) -> Part:
    """The weighted share of what the mentor wants to learn that the mentee can teach: a gain of one side."""
    shape = len(index.left.numbers[rows]), len(index.right.numbers[columns])
    served = np.zeros(shape, np.float32)
    for aim in range(index.aim_skill.shape[1]):
        skill, weight = index.aim_skill[columns, aim], index.aim_weight[None, columns, aim]
        served += weight * index.serves[:, rows][skill].T
    total: sides.Floats = np.maximum(index.aim_total[None, columns], np.float32(1e-6))
    given = (index.aim_total[None, columns] > 0) & index.shares[rows, None]
    known = np.where(given, served / total, np.float32(index.whole.rules.priors.aims))
    return np.zeros(shape, np.float32), known, given


def _agreement(left: sides.Scales, right: sides.Scales, prior: float) -> Part:
    """1 − the mean distance of the answers, over the scales (1 to 5) that both answered."""
    apart = np.zeros((len(left), len(right)), np.int32)
    answered = np.zeros_like(apart)
    for scale in range(left.shape[1]):
        a, b = left[:, scale, None], right[None, :, scale]
        both = (a > 0) & (b > 0)
        apart += np.abs(a - b) * both
        answered += both
    given = answered > 0
    furthest = (4 * np.maximum(answered, 1)).astype(np.float32)
    agreed = np.where(given, np.float32(1) - apart.astype(np.float32) / furthest, np.float32(prior))
    return agreed, agreed, given


def _values(index: arrays.Index, rows: slice, columns: slice) -> Part:
    return _agreement(index.left.values[rows], index.right.values[columns], index.whole.rules.priors.values)


def _style(index: arrays.Index, rows: slice, columns: slice) -> Part:
    return _agreement(index.left.style[rows], index.right.style[columns], index.whole.rules.priors.style)


def _interests(index: arrays.Index, rows: slice, columns: slice) -> Part:
    """The cosine of the two sets."""
    left, right = index.left.interests[rows], index.right.interests[columns]
    sizes = np.bitwise_count(left).sum(axis=1, dtype=np.int32)[:, None] * np.bitwise_count(right).sum(
        axis=1, dtype=np.int32
    )
    given = sizes > 0
    cosine = sides.common(left, right).astype(np.float32) / np.sqrt(np.maximum(sizes, 1).astype(np.float32))
    known = np.where(given, cosine, np.float32(index.whole.rules.priors.interests))
    return known, known, given


def _experience(index: arrays.Index, rows: slice, columns: slice) -> Part:
    """1 / (1 + .12 (gap − target)²) where the goal names a level, else the prior: rank decides nothing."""
    left, right = index.left.level[rows, None], index.right.level[None, columns]
    given = index.names_level[rows, None] & (left != sides.NO_LEVEL) & (right != sides.NO_LEVEL)
    off = (right - left).astype(np.float32) - np.float32(index.whole.rules.target_gap)
    curve = np.float32(1) / (np.float32(1) + np.float32(GAP_STEEPNESS) * (off * off))
    known = np.where(given, curve, np.float32(index.whole.rules.priors.experience))
    return known, known, given


def _availability(index: arrays.Index, rows: slice, columns: slice) -> Part:
    """Shared half-hours of the week, where four hours are as good as more."""
    shared = sides.common(index.left.hours[rows], index.right.hours[columns])
    part = np.minimum(shared, ENOUGH_HALF_HOURS).astype(np.float32) / np.float32(ENOUGH_HALF_HOURS)
    return part, part, np.ones_like(shared, np.bool_)


def _location(index: arrays.Index, rows: slice, columns: slice) -> Part:
    """1 at the same site, .6 in the same city, 0 elsewhere."""
    known_site, same_site = _places(index.left.site[rows], index.right.site[columns])
    known_city, same_city = _places(index.left.city[rows], index.right.city[columns])
    given = known_site | known_city
    near = np.where(same_site, np.float32(1), np.where(same_city, np.float32(SAME_CITY), np.float32(0)))
    known = np.where(given, near, np.float32(index.whole.rules.priors.location))
    return known, known, given


def _places(left: sides.Integers, right: sides.Integers) -> tuple[sides.Flags, sides.Flags]:
    known = (left[:, None] > 0) & (right[None, :] > 0)
    return known, known & (left[:, None] == right[None, :])


def _feedback(index: arrays.Index, rows: slice, columns: slice) -> Part:
    """What earlier partners said: about the mentor for the mentee, about the mentee for the mentor."""
    shape = len(index.left.numbers[rows]), len(index.right.numbers[columns])
    about_mentor = np.broadcast_to(index.right.rating[None, columns], shape)
    about_mentee = np.broadcast_to(index.left.rating[rows, None], shape)
    return about_mentor, about_mentee, np.broadcast_to(index.right.rated[None, columns], shape)


PARTS: dict[str, Callable[[arrays.Index, slice, slice], Part]] = {
    "goals": _goals,
    "aims": _aims,
    "values": _values,
    "style": _style,
    "interests": _interests,
    "experience": _experience,
    "availability": _availability,
    "location": _location,
    "feedback": _feedback,
}

"""How well two people fit: the components of matching's model, both utilities and the fused integer weight.

u = Σ a·f for the mentee, v = Σ b·g for the mentor, s = 2uv / (u + v), w = ⌊10⁵·s + ½⌋, all in float32,
element by element and in a fixed order, so that every machine computes the same weights. Each component is a
fixed curve of the two people's own answers; a missing answer counts as the programme's prior. A favourite
lifts u by ρ·r·(1 − u): it always helps who names one. What the programme adds comes on top of w, in integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from services.matching.engine import index as arrays
from services.matching.engine import market, rules, sides

A = TypeVar("A", bound=np.generic)

WEIGHT_OF_ONE = 100_000
ENOUGH_HALF_HOURS = 8
SAME_CITY = 0.6
GAP_STEEPNESS = 0.12
BLOCK_PAIRS = 1 << 20

Part = tuple[sides.Floats, sides.Floats, sides.Flags]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Look:
    """The pairs looked at: a block of rows and columns where they are crossed, else one after the other.

    `left` and `right` give an answer of every mentee [n] or mentor [m] the shape of the pairs.
    """

    index: arrays.Index
    rows: slice | Places
    columns: slice | Places
    crossed: bool

    @property
    def shape(self) -> tuple[int, ...]:
        rows, columns = self.index.left.level[self.rows], self.index.right.level[self.columns]
        return (len(rows), len(columns)) if self.crossed else (len(rows),)

    def left(self, answers: npt.NDArray[A]) -> npt.NDArray[A]:
        return answers[self.rows, None] if self.crossed else answers[self.rows]

    def right(self, answers: npt.NDArray[A]) -> npt.NDArray[A]:
        return answers[None, self.columns] if self.crossed else answers[self.columns]

    def of_mentors(self, table: sides.Floats, skill: sides.Integers) -> sides.Floats:
        """The entries of a table [skills, m], for a skill per row."""
        return table[:, self.columns][skill] if self.crossed else table[skill, self.columns]

    def of_mentees(self, table: sides.Floats, skill: sides.Integers) -> sides.Floats:
        """The entries of a table [skills, n], for a skill per column."""
        return table[:, self.rows][skill].T if self.crossed else table[skill, self.rows]

    def common(self, left: sides.Words, right: sides.Words) -> sides.Integers:
        """How many bits the bitsets have in common."""
        count = np.zeros(self.shape, np.int32)
        for word in range(left.shape[1]):
            count += np.bitwise_count(self.left(left[:, word]) & self.right(right[:, word]))
        return count


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
    (found,) = components_of(index, np.array([row]), np.array([column]))
    return found


def components_of(index: arrays.Index, rows: Places, columns: Places) -> list[tuple[Component, ...]]:
    """The components of pairs, one after the other."""
    weights = index.whole.rules
    at = Look(index, rows, columns, crossed=False)
    found = []
    for code, parts in _parts(at):
        a, b = weights.mentee_weights.get(code, 0.0), weights.mentor_weights.get(code, 0.0)
        u, v, given = (np.broadcast_to(part, len(rows)).tolist() for part in parts)
        found.append([Component(code, x, y, a, b, known) for x, y, known in zip(u, v, given, strict=True)])
    return list(zip(*found, strict=True))


def matrix(index: arrays.Index) -> tuple[sides.Integers, rules.Mask]:
    """The weights [n, m] of all pairs, 0 where a rule excludes the pair, and the mask of the rules [n, m]."""
    shape = len(index.left.numbers), len(index.right.numbers)
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
    return _fused(*utilities(index, rows, columns))


def fit_of(index: arrays.Index, rows: Places, columns: Places) -> sides.Integers:
    """The same of pairs given one after the other."""
    return _fused(*utilities_of(index, rows, columns))


def _fused(u: sides.Floats, v: sides.Floats) -> sides.Integers:
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


def added_of(index: arrays.Index, rows: Places, columns: Places) -> sides.Integers:
    """The same of pairs given one after the other."""
    standing = index.find(index.standing, rows, columns) >= 0
    extra: sides.Integers = index.bonus[rows] + np.int32(index.whole.rules.hysteresis) * standing
    return extra


def utilities(index: arrays.Index, rows: slice, columns: slice) -> tuple[sides.Floats, sides.Floats]:
    """What each pair of a block is worth to the mentee and to the mentor, in [0, 1]."""
    u, v = _sums(Look(index, rows, columns, crossed=True))
    found = index.inside(index.favourites, rows, columns)
    u[found.row, found.column] = _lifted(u[found.row, found.column], index.lift[found.here])
    return u, v


def utilities_of(index: arrays.Index, rows: Places, columns: Places) -> tuple[sides.Floats, sides.Floats]:
    """What pairs, given one after the other, are worth to the mentee and to the mentor."""
    u, v = _sums(Look(index, rows, columns, crossed=False))
    where = index.find(index.favourites, rows, columns)
    here = where >= 0
    u[here] = _lifted(u[here], index.lift[where[here]])
    return u, v


def _sums(at: Look) -> tuple[sides.Floats, sides.Floats]:
    u, v = np.zeros(at.shape, np.float32), np.zeros(at.shape, np.float32)
    rules_of = at.index.whole.rules
    for code, (f, g, _) in _parts(at):
        u += np.float32(rules_of.mentee_weights.get(code, 0)) * f
        v += np.float32(rules_of.mentor_weights.get(code, 0)) * g
    return u, v


def _lifted(u: sides.Floats, lift: sides.Floats) -> sides.Floats:
    raised: sides.Floats = u + lift * (np.float32(1) - u)
    return raised


def _parts(at: Look) -> Iterator[tuple[str, Part]]:
    for code in market.COMPONENTS:
        yield code, PARTS[code](at)


def _goals(at: Look) -> Part:
    """The weighted share of the goals the mentor can help with, and of those they want to teach."""
    index = at.index
    helped, taught = np.zeros(at.shape, np.float32), np.zeros(at.shape, np.float32)
    for goal in range(index.goal_skill.shape[1]):
        skill, share = index.goal_skill[at.rows, goal], at.left(index.goal_share[:, goal])
        helped += share * at.of_mentors(index.reach, skill)
        taught += share * at.of_mentors(index.teaches, skill)
    return helped, taught, at.left(index.left.ready) & at.right(index.right.ready)


def _aims(at: Look) -> Part:
    """The weighted share of what the mentor wants to learn that the mentee can teach: a gain of one side."""
    index = at.index
    served = np.zeros(at.shape, np.float32)
    for aim in range(index.aim_skill.shape[1]):
        skill = index.aim_skill[at.columns, aim]
        served += at.right(index.aim_share[:, aim]) * at.of_mentees(index.serves, skill)
    given = at.right(index.aims) & at.left(index.shares)
    known = np.where(given, served, np.float32(index.whole.rules.priors.aims))
    return np.zeros(at.shape, np.float32), known, given


def _agreement(at: Look, left: sides.Scales, right: sides.Scales, prior: float) -> Part:
    """1 − the mean distance of the answers, over the scales (1 to 5) that both answered."""
    apart = np.zeros(at.shape, np.int32)
    answered = np.zeros_like(apart)
    for scale in range(left.shape[1]):
        a, b = at.left(left[:, scale]), at.right(right[:, scale])
        both = (a > 0) & (b > 0)
        apart += np.abs(a - b) * both
        answered += both
    given = answered > 0
    furthest = (4 * np.maximum(answered, 1)).astype(np.float32)
    agreed = np.where(given, np.float32(1) - apart.astype(np.float32) / furthest, np.float32(prior))
    return agreed, agreed, given


def _values(at: Look) -> Part:
    left, right = at.index.left.values, at.index.right.values
    return _agreement(at, left, right, at.index.whole.rules.priors.values)


def _style(at: Look) -> Part:
    return _agreement(at, at.index.left.style, at.index.right.style, at.index.whole.rules.priors.style)


def _interests(at: Look) -> Part:
    """The cosine of the two sets."""
    left, right = at.index.left, at.index.right
    a, b = at.left(left.root), at.right(right.root)
    cosine = at.common(left.interests, right.interests).astype(np.float32) * a * b
    given = (a > 0) & (b > 0)
    prior = np.float32(at.index.whole.rules.priors.interests)
    known = np.where(given, np.minimum(cosine, np.float32(1)), prior)
    return known, known, given


def _experience(at: Look) -> Part:
    """1 / (1 + .12 (gap − target)²) where the goal names a level, else the prior: rank decides nothing."""
    rules_of = at.index.whole.rules
    left, right = at.left(at.index.left.level), at.right(at.index.right.level)
    given = at.left(at.index.names_level) & (left != sides.NO_LEVEL) & (right != sides.NO_LEVEL)
    off = (right - left).astype(np.float32) - np.float32(rules_of.target_gap)
    curve = np.float32(1) / (np.float32(1) + np.float32(GAP_STEEPNESS) * (off * off))
    known = np.where(given, curve, np.float32(rules_of.priors.experience))
    return known, known, given


def _availability(at: Look) -> Part:
    """Shared half-hours of the week, where four hours are as good as more."""
    shared = at.common(at.index.left.hours, at.index.right.hours)
    part = np.minimum(shared, ENOUGH_HALF_HOURS).astype(np.float32) / np.float32(ENOUGH_HALF_HOURS)
    return part, part, np.ones_like(shared, np.bool_)


def _location(at: Look) -> Part:
    """1 at the same site, .6 in the same city, 0 elsewhere."""
    left, right = at.index.left, at.index.right
    known_site, same_site = _places(at.left(left.site), at.right(right.site))
    known_city, same_city = _places(at.left(left.city), at.right(right.city))
    given = known_site | known_city
    near = np.where(same_site, np.float32(1), np.where(same_city, np.float32(SAME_CITY), np.float32(0)))
    known = np.where(given, near, np.float32(at.index.whole.rules.priors.location))
    return known, known, given


def _places(left: sides.Integers, right: sides.Integers) -> tuple[sides.Flags, sides.Flags]:
    known = (left > 0) & (right > 0)
    return known, known & (left == right)


def _feedback(at: Look) -> Part:
    """What earlier partners said: about the mentor for the mentee, about the mentee for the mentor."""
    return (
        at.right(at.index.right.rating),
        at.left(at.index.left.rating),
        at.right(at.index.right.rated),
    )


PARTS: dict[str, Callable[[Look], Part]] = {
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

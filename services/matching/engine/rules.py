"""The hard constraints: each a named rule with one bit, so the mask of a pair is its explanation.

A rule is said twice: as arithmetic over a block of pairs, and in plain Python for one pair, the oracle that
the tests hold the arithmetic to. Capacity is no rule: it limits the solution, it does not forbid a pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine import index as arrays
from services.matching.engine import market, sides

Mask = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Rule:
    """`excludes` decides one pair; `kernel` a block of rows and columns, broadcastable to its shape."""

    code: str
    excludes: Callable[[arrays.Index, market.Mentee, market.Mentor], bool]
    kernel: Callable[[arrays.Index, slice, slice], sides.Flags]


def mask(index: arrays.Index, rows: slice, columns: slice) -> Mask:
    """Bit k of a pair is set where `RULES[k]` excludes it; [rows, columns]."""
    bad = np.zeros((len(index.left.numbers[rows]), len(index.right.numbers[columns])), np.uint16)
    for bit, rule in enumerate(RULES):
        bad |= rule.kernel(index, rows, columns).astype(np.uint16) << np.uint16(bit)
    return bad


def broken(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> tuple[str, ...]:
    """The codes of the rules that exclude a pair, in the order of their bits."""
    return tuple(rule.code for rule in RULES if rule.excludes(index, mentee, mentor))


def codes(bits: int) -> tuple[str, ...]:
    """The codes of the bits set in a mask."""
    return tuple(rule.code for bit, rule in enumerate(RULES) if bits >> bit & 1)


def _same_person(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return mentee.number == mentor.number


def _same_person_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    # Every number has an entry time of its own in the manager tree.
    return np.equal(index.left.tin[rows, None], index.right.tin[None, columns])


def _one_line(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    line = index.line
    return line.is_above(mentee.number, mentor.number) or line.is_above(mentor.number, mentee.number)


def _one_line_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    low, high = index.left.tin[rows, None], index.left.tout[rows, None]
    tin, tout = index.right.tin[None, columns], index.right.tout[None, columns]
    return ((low < tin) & (tin < high)) | ((tin < low) & (low < tout))


def _same_team(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return not index.whole.rules.same_team and mentee.team == mentor.team != ""


def _same_team_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    left, right = index.left.team[rows, None], index.right.team[None, columns]
    alike: sides.Flags = (left == right) & (left > 0) & (not index.whole.rules.same_team)
    return alike


def _blocked(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return (mentee.number, mentor.number) in index.whole.blocked


def _blocked_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    block = np.zeros((len(index.left.numbers[rows]), len(index.right.numbers[columns])), np.bool_)
    found = index.inside(index.blocked, rows, columns)
    block[found.row, found.column] = True
    return block


def _no_language(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return not mentee.languages & mentor.languages


def _no_language_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    return np.equal(sides.common(index.left.languages[rows], index.right.languages[columns]), 0)


def _no_hours(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return (mentee.hours & mentor.hours).bit_count() < index.whole.rules.min_shared_half_hours


def _no_hours_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    shared = sides.common(index.left.hours[rows], index.right.hours[columns])
    return np.less(shared, index.whole.rules.min_shared_half_hours)


def _seniority(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    asked = index.whole.rules.seniority
    if asked == 0:
        return False
    if mentee.level is None or mentor.level is None:
        return True
    gap = mentor.level - mentee.level
    if index.whole.rules.form == "peer":
        return abs(gap) > abs(asked)
    return gap < asked if asked > 0 else gap > asked


def _seniority_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    asked = index.whole.rules.seniority
    left, right = index.left.level[rows, None], index.right.level[None, columns]
    if asked == 0:
        return np.zeros((1, 1), np.bool_)
    unknown: sides.Flags = (left == sides.NO_LEVEL) | (right == sides.NO_LEVEL)
    if index.whole.rules.form == "peer":
        return np.asarray(unknown | (np.abs(right - left) > abs(asked)))
    wrong: sides.Flags = right - left < asked if asked > 0 else right - left > asked
    return unknown | wrong


def _not_eligible(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return not (mentee.eligible and mentor.eligible)


def _not_eligible_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    return ~(index.left.eligible[rows, None] & index.right.eligible[None, columns])


def _no_consent(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return not (mentee.consent and mentor.consent)


def _no_consent_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    return ~(index.left.consent[rows, None] & index.right.consent[None, columns])


def _no_goals(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return not mentee.goals


def _no_goals_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    return ~index.left.ready[rows, None]


def _no_skills(index: arrays.Index, mentee: market.Mentee, mentor: market.Mentor) -> bool:
    return not arrays.shared(mentor)


def _no_skills_block(index: arrays.Index, rows: slice, columns: slice) -> sides.Flags:
    return ~index.right.ready[None, columns]


RULES = (
    Rule("not-eligible", _not_eligible, _not_eligible_block),
    Rule("consent-missing", _no_consent, _no_consent_block),
    Rule("goals-missing", _no_goals, _no_goals_block),
    Rule("skills-missing", _no_skills, _no_skills_block),
    Rule("same-person", _same_person, _same_person_block),
    Rule("reporting-line", _one_line, _one_line_block),
    Rule("same-team", _same_team, _same_team_block),
    Rule("blocked", _blocked, _blocked_block),
    Rule("no-shared-language", _no_language, _no_language_block),
    Rule("no-shared-hours", _no_hours, _no_hours_block),
    Rule("seniority", _seniority, _seniority_block),
)

"""What the rules leave before anybody is paired: how many pairs each one excludes, and who has nobody at all.

Only people who could be paired are counted: eligible, with consent, goals or skills, and seats. Scores are
not looked at, so a pair counts as feasible where no rule forbids it, though they may have nothing in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine import index as arrays
from services.matching.engine import market, rules, waiting

ROWS = 256
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Nobody:
    """Somebody whom the rules leave nobody; `code` is the rule that stands most in the way."""

    number: str
    role: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Feasible:
    """Of mentees · mentors pairs `pairs` are excluded by no rule. `excluded` is by rule, in pairs."""

    mentees: int
    mentors: int
    seats: int
    pairs: int
    excluded: tuple[waiting.Exclusion, ...]
    nobody: tuple[Nobody, ...]


def count(whole: market.Market) -> Feasible:
    """Raises InvalidMarket."""
    ready = replace(
        whole,
        mentees=tuple(one for one in whole.mentees if one.eligible and one.consent and one.goals),
        mentors=tuple(one for one in whole.mentors if _is_ready(one)),
    )
    index = arrays.build(ready)
    bits = len(rules.RULES)
    masks = np.zeros(1 << bits, np.int64)
    by_mentor = np.zeros((len(index.mentors), bits + 1, 2), np.int64)
    nobody: list[Nobody] = []
    for first in range(0, len(index.mentees), ROWS):
        here = index.mentees[first : first + ROWS]
        bad = rules.mask(index, slice(first, first + ROWS), slice(None))
        masks += np.bincount(bad.ravel(), minlength=1 << bits)
        by_mentor += _by_rule(bad, axis=0)
        by_mentee = _by_rule(bad, axis=1)
        nobody += _nobody(here, "mentee", by_mentee)
    nobody += _nobody(index.mentors, "mentor", by_mentor)
    return Feasible(
        mentees=len(index.mentees),
        mentors=len(index.mentors),
        seats=sum(one.seats_left for one in index.mentors),
        pairs=int(masks[0]),
        excluded=_excluded(masks),
        nobody=tuple(nobody),
    )


def _is_ready(one: market.Mentor) -> bool:
    return one.eligible and one.consent and bool(arrays.shared(one)) and one.capacity > 0


def _by_rule(bad: rules.Mask, *, axis: int) -> Counts:
    """For everybody along the other axis [·, rule, 2]: the pairs a rule excludes, and those it alone
    excludes; the last rule is none."""
    kinds = [((bad >> np.uint16(bit)) & np.uint16(1) > 0, bad == 1 << bit) for bit in range(len(rules.RULES))]
    kinds.append((bad == 0, bad == 0))
    return np.stack(
        [np.stack([np.count_nonzero(one, axis=axis) for one in kind], axis=-1) for kind in kinds], axis=1
    ).astype(np.int64)


def _nobody(people: Sequence[market.Mentee | market.Mentor], role: str, counted: Counts) -> list[Nobody]:
    found = []
    for place in np.flatnonzero(counted[:, -1, 0] == 0).tolist():
        excluded = [
            waiting.Exclusion(rule.code, *counted[place, bit].tolist())
            for bit, rule in enumerate(rules.RULES)
        ]
        excluded = [one for one in excluded if one.people]
        if excluded:
            worst = max(excluded, key=lambda one: (one.alone, one.people))
            found.append(Nobody(people[place].number, role, worst.code, _sentence(role, excluded)))
    return found


def _sentence(role: str, excluded: Sequence[waiting.Exclusion]) -> str:
    others = "mentor" if role == "mentee" else "mentee"
    ordered = sorted(excluded, key=lambda one: (-one.people, one.code))
    named = ", ".join(f"{waiting.EXCLUDED[one.code]} ({one.people})" for one in ordered)
    return f"The rules leave no {others}: {named}."


def _excluded(masks: Counts) -> tuple[waiting.Exclusion, ...]:
    every = np.arange(len(masks))
    found = [
        waiting.Exclusion(rule.code, int(masks[every >> bit & 1 == 1].sum()), int(masks[1 << bit]))
        for bit, rule in enumerate(rules.RULES)
    ]
    return tuple(sorted((one for one in found if one.people), key=lambda one: (-one.people, one.code)))

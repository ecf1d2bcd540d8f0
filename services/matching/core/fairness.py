"""Fairness: what a round did for the groups people say they belong to, and what a programme may do about it.

Pairing is blind: groups are no part of the market. They are given voluntarily, kept apart, and looked at
after a round only, unless the programme has chosen to balance a group.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

FOUR_FIFTHS = 0.8
SHOWN_MIN = 5
BALANCED_MIN = 20
TARGET = 0.95
BONUS_MAX = 0.05
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Line:
    """One group in one round, beside everybody else in it.

    `ratio`: the group's match rate over that of the others; below four fifths (29 CFR 1607.4 D) it is an
    alarm. `gap`: mean score of the group's pairs minus that of the others', with Welch's 95 % interval.
    `least`: the 5th percentile (nearest rank) of the group's scores. `bonus`: what a balanced group was
    given, in score.
    """

    code: str
    members: int
    matched: int
    others: int
    others_matched: int
    score: float | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    least: float | None
    bonus: float = 0.0

    @property
    def waiting(self) -> int:
        return self.members - self.matched

    @property
    def shown(self) -> bool:
        """Nobody is recognised in fewer than five, of the group or of the others."""
        return min(self.members, self.others) >= SHOWN_MIN

    @property
    def ratio(self) -> float | None:
        return rate_ratio(self.matched, self.members, self.others_matched, self.others)

    @property
    def alarm(self) -> bool:
        return self.shown and self.ratio is not None and self.ratio < FOUR_FIFTHS


def rate_ratio(matched: int, members: int, others_matched: int, others: int) -> float | None:
    """The match rate of a group over that of the others; None where nobody else exists or was matched."""
    if members == 0 or others_matched == 0:
        return None
    return (matched / members) / (others_matched / others)


def audit(
    everybody: Collection[str],
    scores: Mapping[str, float],
    groups: Mapping[str, Collection[str]],
    bonuses: Mapping[str, float],
) -> tuple[Line, ...]:
    """The ledger of a round: mentees by number, the scores of those who were matched, members by group."""
    found = []
    for code in sorted(groups):
        inside = [number for number in everybody if number in groups[code]]
        outside = [number for number in everybody if number not in groups[code]]
        if not inside:
            continue
        own = [scores[number] for number in inside if number in scores]
        other = [scores[number] for number in outside if number in scores]
        low, high = welch(own, other)
        found.append(
            Line(
                code=code,
                members=len(inside),
                matched=len(own),
                others=len(outside),
                others_matched=len(other),
                score=fmean(own) if own else None,
                gap=fmean(own) - fmean(other) if own and other else None,
                gap_low=low,
                gap_high=high,
                least=percentile(own, 0.05),
                bonus=bonuses.get(code, 0.0),
            )
        )
    return tuple(found)


def welch(own: Sequence[float], other: Sequence[float]) -> tuple[float | None, float | None]:
    """The 95 % interval of the difference of two means with unequal variances (Welch 1947); None for fewer
    than two values on a side."""
    if min(len(own), len(other)) < 2:
        return None, None
    a, b = variance(own) / len(own), variance(other) / len(other)
    apart = fmean(own) - fmean(other)
    if a + b == 0:
        return apart, apart
    freedom = (a + b) ** 2 / (a**2 / (len(own) - 1) + b**2 / (len(other) - 1))
    reach = student(freedom) * math.sqrt(a + b)
    return apart - reach, apart + reach


def student(freedom: float) -> float:
    """The two-sided 95 % point of Student's t (Abramowitz and Stegun 26.7.5; within 0.3 % from 4 on)."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def percentile(values: Sequence[float], share: float) -> float | None:
    """By nearest rank."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else None

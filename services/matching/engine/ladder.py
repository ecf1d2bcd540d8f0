"""Why nobody, the way out: how many partners somebody would have if a rule was lifted.

A pair with the mask of broken rules b becomes possible when a set of rules S that holds all of b is lifted
(and its score is above nothing). So the fewest rules that help anybody are the smallest masks; each such set
is a step. Where one rule alone helps, no pairs of rules are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.matching.engine import index as arrays
from services.matching.engine import market, rules, scoring, sides

Role = Literal["mentee", "mentor"]

STEPS_MAX = 6
NEVER_LIFTED = frozenset({"same-person"})
LIFTED = {
    "not-eligible": "people who may not take part now took part",
    "consent-missing": "consent to be matched was given",
    "goals-missing": "goals were named",
    "skills-missing": "skills to share were named",
    "reporting-line": "people of one reporting line could be paired",
    "same-team": "people of one team could be paired",
    "blocked": "pairs that were ruled out or tried before could be made",
    "no-shared-language": "no shared language was needed",
    "no-shared-hours": "no shared hours were needed",
    "seniority": "levels did not matter",
}


@dataclass(frozen=True, slots=True)
class Step:
    """`rules` lifted together would make `people` possible, besides those who are. `eased`: how far a setting
    has to go for the first of them, in hours a week or in levels; None where it is no matter of degree."""

    rules: tuple[str, ...]
    people: int
    sentence: str
    eased: float | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Of `others` in the other role `possible` are forbidden by no rule. Steps by how many they let in."""

    number: str
    role: Role
    others: int
    possible: int
    sentence: str
    steps: tuple[Step, ...]


def ladder(whole: market.Market, number: str, role: Role) -> Ladder:
    """The ways to a partner for somebody of the market.

    Raises InvalidMarket; KeyError for a number that is not in the market in this role.
    """
    index = arrays.build(whole)
    person = _person(index, number, role)
    bad, fits = _pairs_of(index, number, role)
    lifted = bad & np.uint16(~_bits(NEVER_LIFTED) & 0xFFFF)
    open_to = fits & (bad == lifted)
    possible = int(np.count_nonzero(open_to & (lifted == 0)))
    words = "mentor" if role == "mentee" else "mentee"
    masks = lifted[open_to & (lifted > 0)]
    steps = [
        _step(mask, masks, words, _eased(index, np.flatnonzero(open_to & (lifted == mask)).tolist(), person))
        for mask in _fewest(masks)
    ]
    steps.sort(key=lambda step: (-step.people, step.rules))
    sentence = _summary(len(bad), possible, words, bool(steps))
    return Ladder(number, role, len(bad), possible, sentence, tuple(steps[:STEPS_MAX]))


def _person(index: arrays.Index, number: str, role: Role) -> market.Mentee | market.Mentor:
    side: Sequence[market.Mentee | market.Mentor] = index.mentees if role == "mentee" else index.mentors
    return {one.number: one for one in side}[number]


def _pairs_of(index: arrays.Index, number: str, role: Role) -> tuple[rules.Mask, sides.Flags]:
    """The masks of a person's pairs, and whether they have a score."""
    own = index.left.numbers if role == "mentee" else index.right.numbers
    at = own.index(number)
    here, everybody = slice(at, at + 1), slice(None)
    block = (here, everybody) if role == "mentee" else (everybody, here)
    bad = rules.mask(index, *block).ravel()
    fits: sides.Flags = scoring.block(index, *block).ravel() > 0
    return bad, fits


def _bits(codes: Iterable[str]) -> int:
    place = {rule.code: bit for bit, rule in enumerate(rules.RULES)}
    return sum(1 << place[code] for code in codes)


def _fewest(masks: rules.Mask) -> list[int]:
    """The different masks with the least rules in them."""
    found: list[int] = np.unique(masks).tolist()
    least = min((mask.bit_count() for mask in found), default=0)
    return [mask for mask in found if mask.bit_count() == least]


def _step(mask: int, masks: rules.Mask, words: str, eased: float | None) -> Step:
    codes = rules.codes(mask)
    people = int(np.count_nonzero((masks & ~np.uint16(mask)) == 0))
    wishes = " and ".join(f"if {_wish(code, eased)}" for code in codes)
    return Step(codes, people, f"{wishes[0].upper()}{wishes[1:]}: {_people(people, words)} more.", eased)


def _wish(code: str, eased: float | None) -> str:
    if eased is None:
        return LIFTED[code]
    if code == "no-shared-hours":
        return f"{eased:g} shared {'hour' if eased == 1 else 'hours'} a week were enough"
    if eased == 0:
        return "a mentor of the same level was enough"
    levels = f"{abs(eased):g} {'level' if abs(eased) == 1 else 'levels'}"
    return f"a mentor {levels} {'above' if eased > 0 else 'below'} was enough"


def _eased(index: arrays.Index, others: Sequence[int], person: market.Mentee | market.Mentor) -> float | None:
    """How far a matter of degree has to go for the first of the others; all of them break the same rules."""
    pairs = [
        (person, index.mentors[other])
        if isinstance(person, market.Mentee)
        else (index.mentees[other], person)
        for other in others
    ]
    broken = rules.broken(index, *pairs[0]) if pairs else ()
    if broken == ("no-shared-hours",):
        return max((mentee.hours & mentor.hours).bit_count() for mentee, mentor in pairs) / 2
    if broken == ("seniority",):
        known = [
            mentor.level - mentee.level
            for mentee, mentor in pairs
            if mentee.level is not None and mentor.level is not None
        ]
        best = max if index.whole.rules.seniority > 0 else min
        return float(best(known)) if known else None
    return None


def _summary(others: int, possible: int, words: str, helped: bool) -> str:
    if others == 0:
        return f"There is no {words} in the programme."
    if possible:
        taken = "their seats went to other mentees" if words == "mentor" else "they found a mentor elsewhere"
        return f"{_people(possible, words)} would fit without a change of rules, but {taken}."
    if helped:
        return f"Of {_people(others, words)} none is possible as it is. What would help:"
    return f"Of {_people(others, words)} none would be possible, whichever rules were lifted."


def _people(count: int, words: str) -> str:
    return f"{count} {words}" if count == 1 else f"{count} {words}s"

"""Why nobody: the reason of everybody who is left without a partner, for the organiser's list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from services.matching.engine import index as arrays
from services.matching.engine import market, rules, sides
from services.matching.engine.state import NOBODY, Wide

NOT_READY = {
    "not-eligible": "May not take part in this programme.",
    "consent-missing": "Not ready: has not agreed to be matched.",
    "goals-missing": "Not ready: goals missing.",
    "skills-missing": "Not ready: skills to share missing.",
    "no-seats-offered": "Offers no seats.",
}
EXCLUDED = {
    "not-eligible": "may not take part",
    "consent-missing": "no consent",
    "goals-missing": "no goals named",
    "skills-missing": "no skills named",
    "same-person": "the same person",
    "reporting-line": "in the reporting line",
    "same-team": "in the same team",
    "blocked": "ruled out or tried before",
    "no-shared-language": "no shared language",
    "no-shared-hours": "too few shared hours",
    "seniority": "not of the level asked for",
    "nothing-in-common": "nothing in common",
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A rule, how many people it excludes, and how many of them it alone excludes."""

    code: str
    people: int
    alone: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person without a partner; `role` is mentee or mentor, `excluded` what stood in the way."""

    number: str
    role: str
    code: str
    sentence: str
    excluded: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True)
class _Words:
    role: str
    other: str
    nobody: str
    nobody_sentence: str
    placed: str
    placed_sentence: str


MENTEE = _Words(
    role="mentee",
    other="mentor",
    nobody="no-mentors",
    nobody_sentence="No other mentor in the programme is ready.",
    placed="all-mentors-full",
    placed_sentence="would fit, but no seat is left.",
)
MENTOR = _Words(
    role="mentor",
    other="mentee",
    nobody="no-mentees",
    nobody_sentence="No other mentee is ready and looking for a mentor.",
    placed="all-mentees-placed",
    placed_sentence="would fit, but found a mentor elsewhere.",
)
PEER = _Words(
    role="peer",
    other="peer",
    nobody="no-peers",
    nobody_sentence="No other peer in the programme is ready.",
    placed="all-peers-placed",
    placed_sentence="would fit, but found somebody else.",
)
CIRCLE_SENTENCE = "would fit, but no circle with a free seat came together."


def peers_without_partner(
    index: arrays.Index, weights: sides.Integers, bad: rules.Mask, partner: Wide
) -> tuple[Waiting, ...]:
    """Peers without anybody now or before; row and column of a person are the same."""
    sides_ready = index.left.ready & index.right.ready
    looking = index.left.eligible & index.left.consent & sides_ready & (index.seats > 0)
    found = []
    for row, peer in enumerate(index.mentees):
        if partner[row] == NOBODY and index.seats[row] == index.mentors[row].capacity:
            others = looking & (np.arange(len(looking)) != row)
            own = _not_ready(peer) or _not_ready(index.mentors[row])
            if own:
                found.append(Waiting(peer.number, PEER.role, own, NOT_READY[own]))
            else:
                possible = _Others(int(np.count_nonzero(weights[row, others])), bad[row, others])
                found.append(_reason(peer, PEER, int(others.sum()), possible))
    return tuple(found)


def without_partner(
    index: arrays.Index, weights: sides.Integers, bad: rules.Mask, partner: Wide
) -> tuple[Waiting, ...]:
    """Mentees without a mentor, then mentors without any mentee now or before, each in the index's order."""
    return _without(
        index,
        partner,
        lambda row, others: _Others(int(np.count_nonzero(weights[row, others])), bad[row, others]),
        lambda column, others: _Others(int(np.count_nonzero(weights[others, column])), bad[others, column]),
    )


def without_partner_of_many(
    index: arrays.Index, fits: tuple[Wide, Wide], partner: Wide
) -> tuple[Waiting, ...]:
    """The same from how many others are possible, for each mentee and for each mentor; rules are looked at
    again only for those who have none."""
    nothing = np.zeros(0, np.uint16)

    def of_mentee(row: int, others: sides.Flags) -> _Others:
        if fits[0][row]:
            return _Others(fits[0][row], nothing)
        return _Others(0, rules.mask(index, slice(row, row + 1), slice(None))[0, others])

    def of_mentor(column: int, others: sides.Flags) -> _Others:
        if fits[1][column]:
            return _Others(fits[1][column], nothing)
        return _Others(0, rules.mask(index, slice(None), slice(column, column + 1))[others, 0])

    return _without(index, partner, of_mentee, of_mentor)


class _Others(NamedTuple):
    """How many others are possible for somebody, and the rules that exclude each of all where none is."""

    possible: int
    bad: rules.Mask


def _without(
    index: arrays.Index,
    partner: Wide,
    of_mentee: Callable[[int, sides.Flags], _Others],
    of_mentor: Callable[[int, sides.Flags], _Others],
) -> tuple[Waiting, ...]:
    left, right = index.left, index.right
    offering = right.eligible & right.consent & right.ready & index.offers
    looking = left.eligible & left.consent & left.ready
    taken = np.bincount(partner[partner != NOBODY], minlength=len(index.mentors))
    circle = index.whole.rules.form == "circle"
    words = replace(MENTEE, placed_sentence=CIRCLE_SENTENCE) if circle else MENTEE
    found = []
    for row, mentee in enumerate(index.mentees):
        if partner[row] == NOBODY:
            others = offering & (right.tin != left.tin[row])
            found.append(_reason(mentee, words, int(others.sum()), of_mentee(row, others)))
    for column, mentor in enumerate(index.mentors):
        if taken[column] == 0 and mentor.seats_left == mentor.capacity:
            others = looking & (left.tin != right.tin[column])
            found.append(_reason(mentor, MENTOR, int(others.sum()), of_mentor(column, others)))
    return tuple(found)


def _reason(person: market.Mentee | market.Mentor, words: _Words, people: int, others: _Others) -> Waiting:
    own = _not_ready(person)
    if own:
        return Waiting(person.number, words.role, own, NOT_READY[own])
    if people == 0:
        return Waiting(person.number, words.role, words.nobody, words.nobody_sentence)
    if others.possible:
        sentence = f"{_people(others.possible, words.other)} {words.placed_sentence}"
        return Waiting(person.number, words.role, words.placed, sentence)
    excluded = _exclusions(others.bad)
    worst = max(excluded, key=lambda exclusion: (exclusion.alone, exclusion.people))
    sentence = _sentence(_people(people, words.other), excluded)
    return Waiting(person.number, words.role, worst.code, sentence, excluded)


def _not_ready(person: market.Mentee | market.Mentor) -> str:
    if not person.eligible:
        return "not-eligible"
    if not person.consent:
        return "consent-missing"
    if isinstance(person, market.Mentee):
        return "" if person.goals else "goals-missing"
    if not arrays.shared(person):
        return "skills-missing"
    return "" if person.capacity else "no-seats-offered"


def _exclusions(bad: rules.Mask) -> tuple[Exclusion, ...]:
    """The rules by the people they exclude; a pair that no rule forbids has a score of nothing."""
    found = [Exclusion("nothing-in-common", *(int(np.count_nonzero(bad == 0)),) * 2)]
    for bit, rule in enumerate(rules.RULES):
        people = int(np.count_nonzero(bad >> bit & 1))
        found.append(Exclusion(rule.code, people, int(np.count_nonzero(bad == 1 << bit))))
    return tuple(sorted((e for e in found if e.people), key=lambda e: (-e.people, e.code)))


def _sentence(people: str, excluded: Sequence[Exclusion]) -> str:
    named = ", ".join(f"{EXCLUDED[exclusion.code]} ({exclusion.people})" for exclusion in excluded)
    return f"Of {people} none is possible: {named}."


def _people(count: int, role: str) -> str:
    return f"{count} {role}" if count == 1 else f"{count} {role}s"

"""Where to recruit mentors: what one more seat is worth, by skill, site and language.

The price p_j of a mentor's seat is the shadow price of their capacity: by LP duality one more seat at j adds
at most p_j to the sum of weights (the old prices and profits still cover every pair, so the bound grows by
p_j and no further). A person who is like the mentors M_a who have a (a skill, a site, a language) is worth
the mean of theirs:

    price(a) = Σ p_j / |M_a|, over j in M_a, divided by 10⁵: in score per seat, 0 where seats are left over.

What nobody offers has no price; how many want it and wait for somebody says it instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from services.matching.engine import index as arrays
from services.matching.engine import market, scoring
from services.matching.engine.reasons import LANGUAGES

P = TypeVar("P", bound=market.Person)
Kind = Literal["skill", "site", "language"]
KINDS: tuple[Kind, ...] = ("skill", "site", "language")


@dataclass(frozen=True, slots=True)
class Scarce:
    """A skill, site or language: who offers it, what a seat more of it is worth, and who asks for it.

    `price` is in score per seat (None: nobody offers it). `wanted` mentees name the skill as a goal, or are
    at the site, or speak the language; `waiting` are those of them without a mentor.
    """

    kind: Kind
    code: str
    name: str
    mentors: int
    seats: int
    price: float | None
    wanted: int
    waiting: int

    @property
    def sentence(self) -> str:
        asked = f"{_many(self.wanted, 'mentee')} {_asks(self.kind, self.wanted)}, {self.waiting} waiting"
        if self.price is None:
            return f"{self.name}: no mentor yet; {asked}."
        gain = f"a seat more adds a score of up to {self.price:.2f}"
        offered = f"{_many(self.mentors, 'mentor')} with {_many(self.seats, 'seat')}"
        return f"{self.name}: {gain} ({offered}; {asked})."


def where(whole: market.Market, prices: Mapping[str, int], waiting: Collection[str]) -> tuple[Scarce, ...]:
    """What to look for in new mentors, the most wanted first within each kind.

    `prices` of a seat by the mentors' numbers as a certificate has them (who is missing has 0), `waiting` the
    numbers of the mentees without a mentor. What nobody asks for is left out. What nobody offers though
    somebody waits comes first; then by price.
    """
    found = []
    for kind in KINDS:
        offered = _by_code((code, mentor) for mentor in whole.mentors for code in _has(kind, mentor))
        asked = _by_code((code, mentee) for mentee in whole.mentees for code in _asks_for(kind, mentee))
        lines = [
            _line(
                (kind, code, _name(whole, kind, code)),
                offered.get(code, []),
                mentees,
                prices=prices,
                waiting=waiting,
            )
            for code, mentees in asked.items()
        ]
        found.extend(sorted(lines, key=_urgency))
    return tuple(found)


def _line(
    named: tuple[Kind, str, str],
    mentors: list[market.Mentor],
    mentees: list[market.Mentee],
    *,
    prices: Mapping[str, int],
    waiting: Collection[str],
) -> Scarce:
    total = sum(prices.get(mentor.number, 0) for mentor in mentors)
    kind, code, name = named
    return Scarce(
        kind=kind,
        code=code,
        name=name,
        mentors=len(mentors),
        seats=sum(mentor.capacity for mentor in mentors),
        price=total / len(mentors) / scoring.WEIGHT_OF_ONE if mentors else None,
        wanted=len(mentees),
        waiting=sum(mentee.number in waiting for mentee in mentees),
    )


def _urgency(line: Scarce) -> tuple[bool, float, int, int, str]:
    missing = line.price is None and line.waiting > 0
    return not missing, -(line.price or 0.0), -line.waiting, -line.wanted, line.code


def _by_code(pairs: Iterable[tuple[str, P]]) -> dict[str, list[P]]:
    found: dict[str, list[P]] = {}
    for code, person in pairs:
        found.setdefault(code, []).append(person)
    return found


def _has(kind: Kind, mentor: market.Mentor) -> Iterable[str]:
    return arrays.shared(mentor) if kind == "skill" else _lives(kind, mentor)


def _asks_for(kind: Kind, mentee: market.Mentee) -> Iterable[str]:
    return [goal.skill for goal in mentee.goals] if kind == "skill" else _lives(kind, mentee)


def _lives(kind: Kind, person: market.Person) -> Iterable[str]:
    if kind == "language":
        return sorted(person.languages)
    return [person.site] if person.site else []


def _name(whole: market.Market, kind: Kind, code: str) -> str:
    if kind == "language":
        return LANGUAGES.get(code, code)
    return whole.topics[code].name if kind == "skill" and code in whole.topics else code


def _asks(kind: Kind, count: int) -> str:
    one = count == 1
    if kind == "skill":
        return "wants to learn it" if one else "want to learn it"
    if kind == "site":
        return "works there" if one else "work there"
    return "speaks it" if one else "speak it"


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"

"""What one person who comes to a packed market is worth with everybody, to the last bit as in a scan of all.

Nobody else is looked at again: whoever comes is packed alone, in the frame of the market, and weighed against
the others as they are packed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from services.matching.engine import index as arrays
from services.matching.engine import market as markets
from services.matching.engine import pack, scan, sides
from services.matching.engine.market import Market, Mentee, Mentor
from services.matching.engine.pack import Packed, Table
from services.matching.engine.state import NOBODY

OF_MENTORS = (
    *("column", "their_words", "their_whole", "their_parts", "reach", "teaches", "any", "levels"),
    *("filled", "seated", "aim_at", "aim_slot", "aim_share"),
)
OF_MENTEES = ("row", "words", "whole", "parts", "goal", "share", "serves")

# A packed row, a place, how far the pair is lifted, and whether it may not be made.
Said = tuple[int, int, float, bool]


@dataclass(slots=True)
class Wishes:
    """What is said of pairs: who is apart from whom, and the mentees' favourites with who named them."""

    apart: set[tuple[str, str]] = field(default_factory=set)
    by_person: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    favourites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    named_by: dict[str, set[str]] = field(default_factory=dict)

    def keep_apart(self, mentee: str, mentor: str) -> None:
        self.apart.add((mentee, mentor))
        for person in (mentee, mentor):
            self.by_person.setdefault(person, set()).add((mentee, mentor))

    def allow(self, mentee: str, mentor: str) -> None:
        self.apart.discard((mentee, mentor))
        for person in (mentee, mentor):
            self.by_person.get(person, set()).discard((mentee, mentor))

    def prefer(self, mentee: str, mentors: tuple[str, ...]) -> None:
        for mentor in self.favourites.pop(mentee, ()):
            self.named_by[mentor].discard(mentee)
        for mentor in mentors:
            self.named_by.setdefault(mentor, set()).add(mentee)
        if mentors:
            self.favourites[mentee] = mentors

    def of_mentee(self, mentee: str) -> set[tuple[str, str]]:
        """Pairs with this mentee of which anything is said."""
        apart = {pair for pair in self.by_person.get(mentee, ()) if pair[0] == mentee}
        return apart | {(mentee, mentor) for mentor in self.favourites.get(mentee, ())}

    def of_mentor(self, mentor: str) -> set[tuple[str, str]]:
        apart = {pair for pair in self.by_person.get(mentor, ()) if pair[1] == mentor}
        return apart | {(mentee, mentor) for mentee in self.named_by.get(mentor, ())}

    def of_all(self) -> set[tuple[str, str]]:
        return self.apart.union(
            (mentee, mentor) for mentee, named in self.favourites.items() for mentor in named
        )

    def lift(self, pair: tuple[str, str], preference: float) -> float:
        """How far a pair goes towards 1, by where the mentee named the mentor."""
        named = self.favourites.get(pair[0], ())
        return preference * markets.FAVOURITES[named.index(pair[1])] if pair[1] in named else 0.0


def fits(frame: arrays.Frame, person: Mentee | Mentor) -> bool:
    """Whether the frame has room for all that somebody says; new teams and places get their numbers."""
    for place in (person.team, person.site, person.city):
        frame.words.places.setdefault(place, len(frame.words.places))
    wishes = person.goals if isinstance(person, Mentee) else person.aims
    topics = frozenset() if isinstance(person, Mentee) else person.topics
    return (
        person.number in frame.line.tin
        and person.languages <= frame.words.languages.keys()
        and person.interests <= frame.words.interests.keys()
        and person.values.keys() <= frame.words.values.keys()
        and person.style.keys() <= frame.words.style.keys()
        and {*person.skills, *topics, *(wish.skill for wish in wishes)} <= frame.skills.keys()
    )


def alone(rules: Market, frame: arrays.Frame, person: Mentee | Mentor, bonus: int = 0) -> Packed | None:
    """Somebody packed alone; None where they cannot be in any pair. Raises InvalidMarket."""
    nobody = replace(rules, mentees=(), mentors=(), favourites={}, bonus={}, blocked=frozenset())
    if isinstance(person, Mentee):
        one = replace(nobody, mentees=(person,), bonus={person.number: bonus} if bonus else {})
    else:
        one = replace(nobody, mentors=(person,))
    packed = pack.pack(arrays.build(replace(one, standing=frozenset()), frame), roomy=True)
    return packed if len(packed.row) + np.count_nonzero(packed.column != NOBODY) else None


def of_mentee(packed: Packed, one: Packed, odd: dict[str, Table]) -> sides.Integers:
    """The weights of the only mentee of `one` with everybody, by place; `odd`: see `said`."""
    both = one._replace(**{name: getattr(packed, name) for name in OF_MENTORS}, **odd)
    found = np.zeros(len(packed.column), np.int32)
    scan.weights_of(both, pack.room(), 0, found)
    return found


def of_mentor(packed: Packed, one: Packed, odd: dict[str, Table]) -> sides.Integers:
    """The weights of the only mentor of `one`, who stands at its first place, with everybody, by row."""
    both = packed._replace(**{name: getattr(one, name) for name in OF_MENTORS}, **odd)
    found = np.zeros(len(packed.row), np.int32)
    scan.weights_with(both, pack.room(), 0, found)
    return found


def of_row(packed: Packed, row: int, odd: dict[str, Table]) -> sides.Integers:
    """The weights of somebody who is here with everybody, by place."""
    mine = {name: getattr(packed, name)[row : row + 1] for name in OF_MENTEES}
    return of_mentee(packed, packed._replace(**mine), odd)


def said(pairs: Iterable[Said], shape: tuple[int, int]) -> dict[str, Table]:
    """The `odd_…` of a packed market of so many rows and places."""
    table = np.array(list(pairs), np.float64).reshape(-1, 4)
    places = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    extra = np.where(table[:, 3] > 0, pack.BARRED, 0).astype(np.int64)
    return pack.odd(places, table[:, 2].astype(np.float32), extra, shape=shape)

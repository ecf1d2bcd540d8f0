"""A solved graph that follows every event: after each one the pairs are the best again, with their proof.

    live = Live()
    live.mentor_joins("m1", {}, capacity=2)
    live.mentee_joins("e1", {"m1": 70_000})
    live.pairs()    # {"e1": "m1"}
    live.proof()    # prices, profits, value and bound over all known edges

An event costs one augmenting path or a few, not a new solution. People are known by any string.

What is known here need not be all: `prove` asks for the pairs that the prices do not cover and goes on until
there are none. Only those whose profit or price fell since the last proof can be in one: `fallen`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.matching.engine import arena, graph, kernels, moves
from services.matching.engine import state as states
from services.matching.engine.market import InvalidMarket
from services.matching.engine.state import NOBODY, Ids, State, Wide

Missed = Callable[[Mapping[str, int], Mapping[str, int]], Iterable[tuple[str, str, int]]]

WEIGHT_MAX = 1 << 40
LOOKS_MAX = 1_000
CAPACITY_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Proof:
    """Prices by mentor and profits by mentee; no pairs on the known edges are worth more than `bound`."""

    prices: Mapping[str, int]
    profits: Mapping[str, int]
    value: int
    bound: int


@dataclass(frozen=True, slots=True)
class Changed:
    """The pairs (mentee, mentor) that an event parted and made; whoever leaves is parted too."""

    parted: tuple[tuple[str, str], ...]
    made: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Places:
    """Which row or column of the arrays belongs to whom; those of people who left are used again."""

    of: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.names)

    def take(self, person: str) -> int:
        if person in self.of:
            raise InvalidMarket(f"live[{person}]", "has joined already")
        if not self.free:
            self.free.append(len(self.names))
            self.names.append("")
        place = self.free.pop()
        self.of[person], self.names[place] = place, person
        return place

    def get(self, person: str) -> int:
        if person not in self.of:
            raise InvalidMarket(f"live[{person}]", "has not joined")
        return self.of[person]

    def give_back(self, person: str) -> None:
        self.free.append(self.of.pop(person))


class Live:
    """The best pairs of a graph whose people and edges change. For one thread at a time.

    With `hysteresis` a pair that was made counts so much more until it is parted, and others are made only
    where they are better by more than that. It is part of the weights that `proof` is about.

    Every event answers whose pairs it changed. Raises InvalidMarket, with nothing changed, for people not
    known here, weights not above 0 and the like.
    """

    def __init__(self, *, hysteresis: int = 0) -> None:
        if not 0 <= hysteresis <= WEIGHT_MAX:
            raise InvalidMarket("live.hysteresis", f"{hysteresis} is not between 0 and {WEIGHT_MAX}")
        self._mentees, self._mentors = Places(), Places()
        self._s = states.of_nobody(0, 0)
        self._hysteresis = hysteresis
        self._proven: tuple[dict[str, int], dict[str, int]] = {}, {}

    @classmethod
    def of(
        cls,
        s: State,
        mentees: Sequence[str],
        mentors: Sequence[str],
        *,
        hysteresis: int,
        standing: tuple[Ids, Ids],
    ) -> Live:
        """A solved state, with who stands in which row and column ("": nobody does).

        The weights of the pairs `standing`, rows and columns, have the hysteresis in them already.
        """
        live = cls(hysteresis=hysteresis)
        for column in np.flatnonzero(s.seats > s.seat_room):
            # A graph has room for as many owners as a mentor has edges; here edges come later.
            s = arena.with_seats(s, int(column), int(s.seats[column]))
        live._s, live._mentees, live._mentors = s, _taken(mentees), _taken(mentors)
        had = np.full(len(s.mate), NOBODY, np.int32)
        had[standing[0]] = standing[1]
        moved = np.flatnonzero(had != s.mate)
        s.had[:] = states.UNMOVED
        s.had[moved] = had[moved]
        s.moved[: len(moved)] = moved
        s.sizes[kernels.MOVED] = len(moved)
        live._settle()
        live._proven = live._amounts()
        return live

    @property
    def state(self) -> State:
        """What it works on: to be read, until the next event."""
        return self._s

    def row(self, mentee: str) -> int | None:
        return self._mentees.of.get(mentee)

    def column(self, mentor: str) -> int | None:
        return self._mentors.of.get(mentor)

    def name_of_row(self, row: int) -> str:
        return self._mentees.names[row]

    def mentor_of(self, mentee: str) -> str | None:
        """Whom a mentee has. Raises InvalidMarket for somebody who is not here."""
        column = self._s.mate[self._mentees.get(mentee)]
        return None if column == NOBODY else self._mentors.names[column]

    def mentee_joins(self, mentee: str, weights: Mapping[str, int]) -> Changed:
        """A mentee, with the mentors known here who are possible and what each pair is worth."""
        columns, weight = _ends(weights, self._mentors)
        return self.row_joins(mentee, columns, weight)[1]

    def row_joins(self, mentee: str, columns: Ids, weights: Wide) -> tuple[int, Changed]:
        """The same for columns of mentors who are here; the row of the mentee and what changed."""
        row = self._mentees.take(mentee)
        self._put(np.full(len(columns), row, np.int32), columns, weights)
        self._proven[0].pop(mentee, None)
        moves.mentee_comes(self._s, row)
        return row, self._settle()

    def mentee_leaves(self, mentee: str) -> Changed:
        moves.mentee_goes(self._s, self._mentees.get(mentee))
        changed = self._settle()
        self._mentees.give_back(mentee)
        return changed

    def pair_leaves(self, mentee: str) -> Changed:
        """A mentee is no more to be changed: they leave with the seat they have, and nobody else is moved."""
        row = self._mentees.get(mentee)
        if self._s.mate[row] == NOBODY:
            raise InvalidMarket(f"live[{mentee}]", "has no mentor")
        moves.pair_goes(self._s, row)
        changed = self._settle()
        self._mentees.give_back(mentee)
        return changed

    def mentor_joins(self, mentor: str, weights: Mapping[str, int], *, capacity: int) -> Changed:
        """A mentor, with the mentees known here who are possible and what each pair is worth."""
        rows, weight = _ends(weights, self._mentees)
        return self.column_joins(mentor, rows, weight, capacity=capacity)[1]

    def column_joins(self, mentor: str, rows: Ids, weights: Wide, *, capacity: int) -> tuple[int, Changed]:
        """The same for rows of mentees who are here; the column of the mentor and what changed."""
        seats = _checked(mentor, capacity)
        column = self._mentors.take(mentor)
        self._put(rows, np.full(len(rows), column, np.int32), weights)
        self._proven[1].pop(mentor, None)
        return column, self._seats(column, seats)

    def mentor_leaves(self, mentor: str) -> Changed:
        column = self._mentors.get(mentor)
        changed = self._seats(column, 0)
        moves.mentor_goes(self._s, column)
        self._mentors.give_back(mentor)
        return changed

    def capacity(self, mentor: str, capacity: int) -> Changed:
        """More or fewer seats; 0 is a pause, in which the mentor's edges are kept."""
        return self._seats(self._mentors.get(mentor), _checked(mentor, capacity))

    def block(self, mentee: str, mentor: str) -> Changed:
        """These two may not be a pair any more."""
        moves.pair_forbidden(self._s, self._mentees.get(mentee), self._mentors.get(mentor))
        return self._settle()

    def mentee_changes(self, mentee: str, weights: Mapping[str, int]) -> Changed:
        """What a mentee is worth with whom, in place of all that was known."""
        return self.row_changes(mentee, *_ends(weights, self._mentors))

    def row_changes(self, mentee: str, columns: Ids, weights: Wide) -> Changed:
        """The same for columns of mentors who are here; a pair that stands still counts more."""
        row = self._mentees.get(mentee)
        stands = columns == self._s.mate[row]
        moves.mentee_goes(self._s, row)
        self._put(np.full(len(columns), row, np.int32), columns, weights + self._hysteresis * stands)
        self._proven[0].pop(mentee, None)
        moves.mentee_comes(self._s, row)
        return self._settle()

    def mentor_changes(self, mentor: str, weights: Mapping[str, int]) -> Changed:
        """What a mentor is worth with whom, in place of all that was known."""
        return self.column_changes(mentor, *_ends(weights, self._mentees))

    def column_changes(
        self, mentor: str, rows: Ids, weights: Wide, *, capacity: int | None = None
    ) -> Changed:
        """The same for rows of mentees who are here, and another capacity."""
        column = self._mentors.get(mentor)
        seats = int(self._s.seats[column]) if capacity is None else _checked(mentor, capacity)
        stand = self._s.mate[rows] == column
        moves.seats_change(self._s, column, 0)
        moves.mentor_goes(self._s, column)
        self._put(rows, np.full(len(rows), column, np.int32), weights + self._hysteresis * stand)
        self._proven[1].pop(mentor, None)
        return self._seats(column, seats)

    def pairs(self) -> dict[str, str]:
        """The mentor of every mentee who has one."""
        name, mate = self._mentors.names, self._s.mate
        return {who: name[mate[row]] for who, row in self._mentees.of.items() if mate[row] != NOBODY}

    def proof(self) -> Proof:
        """Why no other pairs are worth more."""
        solved = graph.solution(self._s)
        return Proof(
            prices={who: int(solved.price[column]) for who, column in self._mentors.of.items()},
            profits={who: int(solved.profit[row]) for who, row in self._mentees.of.items()},
            value=solved.value,
            bound=solved.bound,
        )

    def fallen(self) -> tuple[frozenset[str], frozenset[str]]:
        """The mentees whose profit and the mentors whose price fell since the last `prove`, and who came.

        Pairs of two others are covered now because they were then.
        """
        now = self._amounts()
        sides = zip(now, self._proven, strict=True)
        mentees, mentors = (
            frozenset(who for who, amount in amounts.items() if amount < proven.get(who, states.FAR))
            for amounts, proven in sides
        )
        return mentees, mentors

    def prove(self, missed: Missed) -> int:
        """Makes the pairs the best of all there are; answers how much better they could have been at most.

        `missed(profits, prices)` answers pairs (mentee, mentor, weight) that profit + price do not cover: for
        each mentee the worst at least, until there are none. Raises ArithmeticError if they never end.
        """
        gap = 0
        for look in range(LOOKS_MAX):
            hits = self._uncovered(missed(*self._amounts()))
            if look == 0:
                worst: dict[int, int] = {}
                for (row, _), (_, excess) in hits.items():
                    worst[row] = max(worst.get(row, 0), excess)
                gap = sum(worst.values())
            if not hits:
                profits, prices = self._amounts()
                paused = (who for who, column in self._mentors.of.items() if self._s.seats[column] == 0)
                self._proven = profits, {who: prices[who] for who in prices.keys() - set(paused)}
                return gap
            rows, columns = np.array(list(hits), np.int32).T
            self.learn(
                rows.copy(), columns.copy(), np.array([weight for weight, _ in hits.values()], np.int64)
            )
        raise ArithmeticError(f"pairs that are not covered came up {LOOKS_MAX} times")

    def learn(self, rows: Ids, columns: Ids, weights: Wide) -> Changed:
        """Pairs of people who are here that were not known; then all is the best again."""
        self._put(rows, columns, weights)
        for _ in graph.repair(self._s):
            pass
        return self._settle()

    def _uncovered(self, pairs: Iterable[tuple[str, str, int]]) -> dict[tuple[int, int], tuple[int, int]]:
        """Weight and excess by row and column, of those whom the profits and prices really do not cover."""
        s, found = self._s, {}
        for mentee, mentor, weight in pairs:
            row, column = self._mentees.get(mentee), self._mentors.get(mentor)
            excess = weight - int(s.profit[row]) - int(s.price[column])
            if excess > 0 and s.seats[column] > 0:
                found[row, column] = weight, excess
        return found

    def _amounts(self) -> tuple[dict[str, int], dict[str, int]]:
        s = self._s
        return (
            {who: int(s.profit[row]) for who, row in self._mentees.of.items()},
            {who: int(s.price[column]) for who, column in self._mentors.of.items()},
        )

    def _settle(self) -> Changed:
        """What has changed, after which the pairs that stand have the hysteresis and the others have not."""
        count = int(self._s.sizes[kernels.MOVED])
        moved, before = np.zeros(count, np.int32), np.zeros(count, np.int32)
        count = moves.settle(self._s, self._hysteresis, moved, before)
        rows = sorted(zip(moved[:count].tolist(), before[:count].tolist(), strict=True))
        mentee, mentor, mate = self._mentees.names, self._mentors.names, self._s.mate
        return Changed(
            parted=tuple((mentee[row], mentor[old]) for row, old in rows if old != NOBODY),
            made=tuple((mentee[row], mentor[mate[row]]) for row, _ in rows if mate[row] != NOBODY),
        )

    def _put(self, rows: Ids, columns: Ids, weights: Wide) -> None:
        """Adds edges of people who have their places."""
        s = arena.with_people(self._s, mentees=self._mentees.size, mentors=self._mentors.size)
        self._s = arena.with_edges(s, (rows, columns), weights)

    def _seats(self, column: int, seats: int) -> Changed:
        self._s = arena.with_seats(self._s, column, seats)
        moves.seats_change(self._s, column, seats)
        return self._settle()


def _taken(people: Sequence[str]) -> Places:
    free = [place for place, person in enumerate(people) if not person]
    return Places({who: place for place, who in enumerate(people) if who}, list(people), free[::-1])


def _ends(weights: Mapping[str, int], known: Places) -> tuple[Ids, Wide]:
    """Places and weights, in the order of the places."""
    for person, weight in weights.items():
        if not 0 < weight <= WEIGHT_MAX:
            raise InvalidMarket(f"live.weights[{person}]", f"{weight} is not between 1 and {WEIGHT_MAX}")
    ends = sorted((known.get(person), weight) for person, weight in weights.items())
    return np.array([end for end, _ in ends], np.int32), np.array([weight for _, weight in ends], np.int64)


def _checked(mentor: str, capacity: int) -> int:
    if not 0 <= capacity <= CAPACITY_MAX:
        raise InvalidMarket(f"live[{mentor}].capacity", f"{capacity} is not between 0 and {CAPACITY_MAX}")
    return capacity

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

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from services.matching.engine import arena, graph, kernels
from services.matching.engine import state as states
from services.matching.engine.market import InvalidMarket
from services.matching.engine.state import NOBODY, Ids, Wide

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


@dataclass(slots=True)
class Places:
    """Which row or column of the arrays belongs to whom; those of people who left are used again."""

    of: dict[str, int] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    size: int = 0

    def take(self, person: str) -> int:
        if person in self.of:
            raise InvalidMarket(f"live[{person}]", "has joined already")
        if not self.free:
            self.free.append(self.size)
            self.size += 1
        self.of[person] = self.free.pop()
        return self.of[person]

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

    Raises InvalidMarket, with nothing changed, for people not known here, weights not above 0 and the like.
    """

    def __init__(self, *, hysteresis: int = 0) -> None:
        if not 0 <= hysteresis <= WEIGHT_MAX:
            raise InvalidMarket("live.hysteresis", f"{hysteresis} is not between 0 and {WEIGHT_MAX}")
        self._mentees, self._mentors = Places(), Places()
        self._s = states.of_nobody(0, 0)
        self._hysteresis = hysteresis
        self._stands = self._s.mate.copy()
        self._proven: tuple[dict[str, int], dict[str, int]] = {}, {}

    def mentee_joins(self, mentee: str, weights: Mapping[str, int]) -> None:
        """A mentee, with the mentors known here who are possible and what each pair is worth."""
        columns, weight = _ends(weights, self._mentors)
        row = np.full(len(columns), self._mentees.take(mentee), np.int32)
        self._put(row, columns, weight)
        self._proven[0].pop(mentee, None)
        kernels.insert_all(self._s, _one(self._mentees.of[mentee]))
        self._settle()

    def mentee_leaves(self, mentee: str) -> None:
        row = _one(self._mentees.get(mentee))
        left = self._mates(row)
        kernels.leave_all(self._s, row)
        kernels.clear_mentees(self._s, row)
        kernels.fill_all(self._s, left)
        self._mentees.give_back(mentee)
        self._settle()

    def mentor_joins(self, mentor: str, weights: Mapping[str, int], *, capacity: int) -> None:
        """A mentor, with the mentees known here who are possible and what each pair is worth."""
        seats = _checked(mentor, capacity)
        rows, weight = _ends(weights, self._mentees)
        column = np.full(len(rows), self._mentors.take(mentor), np.int32)
        self._put(rows, column, weight)
        self._proven[1].pop(mentor, None)
        self._open(self._mentors.of[mentor], seats)
        self._settle()

    def mentor_leaves(self, mentor: str) -> None:
        column = self._mentors.get(mentor)
        owners = self._close(column)
        kernels.clear_mentors(self._s, _one(column))
        kernels.insert_all(self._s, owners)
        self._mentors.give_back(mentor)
        self._settle()

    def capacity(self, mentor: str, capacity: int) -> None:
        """More or fewer seats; 0 is a pause, in which the mentor's edges are kept."""
        column, seats = self._mentors.get(mentor), _checked(mentor, capacity)
        if seats == 0:
            kernels.insert_all(self._s, self._close(column))
        elif self._s.seats[column] == 0:
            self._open(column, seats)
        else:
            surplus = self._owners(column)[seats:]
            kernels.leave_all(self._s, surplus)
            self._set_seats(column, seats)
            kernels.fill_all(self._s, _one(column))
            kernels.insert_all(self._s, surplus)
        self._settle()

    def block(self, mentee: str, mentor: str) -> None:
        """These two may not be a pair any more."""
        row, column = self._mentees.get(mentee), self._mentors.get(mentor)
        kernels.cut_edge(self._s, row, column)
        if self._s.mate[row] == column:
            kernels.leave_all(self._s, _one(row))
            kernels.fill_all(self._s, _one(column))
            kernels.insert_all(self._s, _one(row))
        self._settle()

    def mentee_changes(self, mentee: str, weights: Mapping[str, int]) -> None:
        """What a mentee is worth with whom, in place of all that was known."""
        _ends(weights, self._mentors)
        self.mentee_leaves(mentee)
        self.mentee_joins(mentee, weights)

    def mentor_changes(self, mentor: str, weights: Mapping[str, int]) -> None:
        """What a mentor is worth with whom, in place of all that was known."""
        _ends(weights, self._mentees)
        capacity = int(self._s.seats[self._mentors.get(mentor)])
        self.mentor_leaves(mentor)
        self.mentor_joins(mentor, weights, capacity=capacity)

    def pairs(self) -> dict[str, str]:
        """The mentor of every mentee who has one."""
        name = {column: mentor for mentor, column in self._mentors.of.items()}
        mate = self._s.mate
        return {who: name[int(mate[row])] for who, row in self._mentees.of.items() if mate[row] != NOBODY}

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
            self._put(
                rows.copy(), columns.copy(), np.array([weight for weight, _ in hits.values()], np.int64)
            )
            for _ in graph.repair(self._s):
                pass
            self._settle()
        raise ArithmeticError(f"pairs that are not covered came up {LOOKS_MAX} times")

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

    def _settle(self) -> None:
        """Pairs that were made get the hysteresis, those that were parted lose it: the proof still holds."""
        if not self._hysteresis:
            return
        s = self._s
        before = np.full(len(s.mate), NOBODY, np.int32)
        before[: len(self._stands)] = self._stands
        changed = np.flatnonzero(before != s.mate).astype(np.int32)
        parted, made = (changed[mates[changed] != NOBODY] for mates in (before, s.mate))
        kernels.rate_edges(s, parted, before[parted], -self._hysteresis)
        kernels.rate_edges(s, made, s.mate[made], self._hysteresis)
        s.profit[made] += self._hysteresis
        self._stands = s.mate.copy()

    def _put(self, rows: Ids, columns: Ids, weights: Wide) -> None:
        """Adds edges of people who have their places."""
        s = arena.with_people(self._s, mentees=self._mentees.size, mentors=self._mentors.size)
        of_rows = s.row_size + np.bincount(rows, minlength=len(s.mate))
        of_columns = s.column_size + np.bincount(columns, minlength=len(s.price))
        self._s = arena.with_edges(s, of_rows, of_columns)
        kernels.put_edges(self._s, rows, columns, weights)

    def _open(self, column: int, seats: int) -> None:
        self._set_seats(column, seats)
        kernels.ask_all(self._s, _one(column))
        kernels.fill_all(self._s, _one(column))

    def _set_seats(self, column: int, seats: int) -> None:
        wanted = self._s.load.copy()
        wanted[column] = seats
        self._s = arena.with_seats(self._s, wanted)
        self._s.seats[column] = seats

    def _close(self, column: int) -> Ids:
        """Takes all seats away; the answer is who sat there."""
        owners = self._owners(column)
        kernels.leave_all(self._s, owners)
        self._s.seats[column] = 0
        self._s.price[column] = 0
        return owners

    def _owners(self, column: int) -> Ids:
        at = self._s.seat_at[column]
        return self._s.owner[at : at + self._s.load[column]].copy()

    def _mates(self, rows: Ids) -> Ids:
        mates = self._s.mate[rows]
        seated: Ids = mates[mates != NOBODY]
        return seated


def _one(place: int) -> Ids:
    return np.array([place], np.int32)


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

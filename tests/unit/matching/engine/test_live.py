from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from services.matching import engine
from services.matching.engine import flow
from tests.unit.matching.engine import checker

# The long form: MENTORING_LIVE_EVENTS=50000.
EVENTS = int(os.environ.get("MENTORING_LIVE_EVENTS", "3000"))
PER_STORY = 300


@dataclass
class Story:
    """Random events, each told to the live graph and to a plain record of what is true."""

    draw: random.Random
    most: int
    live: engine.Live = field(default_factory=engine.Live)
    mentees: set[str] = field(default_factory=set)
    seats: dict[str, int] = field(default_factory=dict)
    weights: dict[tuple[str, str], int] = field(default_factory=dict)
    met: int = 0

    def happens(self) -> str:
        events = [self.mentee_joins, self.mentor_joins]
        if self.mentees:
            events += [self.mentee_leaves, self.mentee_changes, self.mentee_joins]
        if self.seats:
            events += [self.mentor_leaves, self.mentor_changes, self.capacity, self.capacity]
        if self.weights:
            events += [self.block, self.block]
        event = self.draw.choice(events)
        event()
        return event.__name__

    def new(self) -> str:
        self.met += 1
        return str(self.met)

    def some(self, others: set[str] | dict[str, int]) -> dict[str, int]:
        share = self.draw.random()
        return {one: self.draw.randint(1, self.most) for one in sorted(others) if self.draw.random() < share}

    def one(self, people: set[str] | dict[str, int]) -> str:
        return self.draw.choice(sorted(people))

    def forget(self, person: str, side: int) -> None:
        self.weights = {pair: weight for pair, weight in self.weights.items() if pair[side] != person}

    def mentee_joins(self) -> None:
        mentee, weights = self.new(), self.some(self.seats)
        self.live.mentee_joins(mentee, weights)
        self.mentees.add(mentee)
        self.weights |= {(mentee, mentor): weight for mentor, weight in weights.items()}

    def mentee_leaves(self) -> None:
        mentee = self.one(self.mentees)
        self.live.mentee_leaves(mentee)
        self.mentees.remove(mentee)
        self.forget(mentee, 0)

    def mentee_changes(self) -> None:
        mentee, weights = self.one(self.mentees), self.some(self.seats)
        self.live.mentee_changes(mentee, weights)
        self.forget(mentee, 0)
        self.weights |= {(mentee, mentor): weight for mentor, weight in weights.items()}

    def mentor_joins(self) -> None:
        mentor, weights, capacity = self.new(), self.some(self.mentees), self.draw.randint(0, 3)
        self.live.mentor_joins(mentor, weights, capacity=capacity)
        self.seats[mentor] = capacity
        self.weights |= {(mentee, mentor): weight for mentee, weight in weights.items()}

    def mentor_leaves(self) -> None:
        mentor = self.one(self.seats)
        self.live.mentor_leaves(mentor)
        del self.seats[mentor]
        self.forget(mentor, 1)

    def mentor_changes(self) -> None:
        mentor, weights = self.one(self.seats), self.some(self.mentees)
        self.live.mentor_changes(mentor, weights)
        self.forget(mentor, 1)
        self.weights |= {(mentee, mentor): weight for mentee, weight in weights.items()}

    def capacity(self) -> None:
        mentor = self.one(self.seats)
        self.seats[mentor] = self.draw.randint(0, 4)
        self.live.capacity(mentor, self.seats[mentor])

    def block(self) -> None:
        pair = self.draw.choice([*self.live.pairs().items(), self.draw.choice(sorted(self.weights))])
        self.live.block(*pair)
        del self.weights[pair]

    def what_is_wrong(self) -> list[str]:
        proof = self.live.proof()
        certificate = proof.profits, proof.prices, proof.value
        return checker.what_is_wrong(self.weights, self.seats, self.live.pairs(), certificate)

    def cold_value(self) -> int:
        """By a solver that knows nothing of before."""
        rows, columns = sorted(self.mentees), sorted(self.seats)
        edges = [(rows.index(i), columns.index(j), weight) for (i, j), weight in self.weights.items()]
        row, column, gain = np.array(edges, np.int64).reshape(-1, 3).T
        seats = np.array([self.seats[one] for one in columns], np.int32)
        partner = flow.assign(row, column, gain, mentees=len(rows), seats=seats)
        return sum(self.weights[rows[i], columns[j]] for i, j in enumerate(partner.tolist()) if j >= 0)


@pytest.mark.timeout(600 + EVENTS // 10)
@pytest.mark.parametrize("seed", range(-(-EVENTS // PER_STORY)))
def test_after_every_event_the_live_pairs_are_proven_best_and_worth_a_cold_solution(seed: int) -> None:
    draw = random.Random(seed)
    story = Story(draw, most=draw.choice((1, 5, 1000, 100_000)))
    for _ in range(30 * (seed % 2)):
        story.mentor_joins()
        story.mentee_joins()
    for number in range(PER_STORY):
        event = story.happens()
        where = f"seed {seed}, event {number}, {event}"
        assert story.what_is_wrong() == [], where
        if number % 10 == 0:
            assert story.live.proof().value == story.cold_value(), where


def test_a_pause_keeps_what_is_known_and_gives_the_mentees_to_others() -> None:
    live = engine.Live()
    live.mentor_joins("first", {}, capacity=1)
    live.mentor_joins("second", {}, capacity=1)
    live.mentee_joins("one", {"first": 90_000, "second": 50_000})
    assert live.pairs() == {"one": "first"}
    live.capacity("first", 0)
    assert live.pairs() == {"one": "second"}
    live.capacity("first", 1)
    assert live.pairs() == {"one": "first"}


def test_an_event_about_somebody_unknown_is_refused_and_changes_nothing() -> None:
    live = engine.Live()
    live.mentor_joins("mentor", {}, capacity=1)
    live.mentee_joins("mentee", {"mentor": 5})
    before = live.pairs(), live.proof()
    refused = (
        lambda: live.mentee_joins("mentee", {}),
        lambda: live.mentee_joins("new", {"nobody": 5}),
        lambda: live.mentee_joins("new", {"mentor": 0}),
        lambda: live.mentee_changes("mentee", {"nobody": 5}),
        lambda: live.mentor_joins("new", {}, capacity=-1),
        lambda: live.mentor_changes("nobody", {}),
        lambda: live.mentee_leaves("mentor"),
        lambda: live.mentor_leaves("nobody"),
        lambda: live.capacity("mentor", 10_001),
        lambda: live.block("mentee", "nobody"),
    )
    for event in refused:
        with pytest.raises(engine.InvalidMarket):
            event()
    assert (live.pairs(), live.proof()) == before
    live.mentee_joins("new", {"mentor": 6})
    assert live.pairs() == {"new": "mentor"}


def test_a_pair_that_was_made_is_parted_only_for_what_is_better_by_more_than_the_hysteresis() -> None:
    live = engine.Live(hysteresis=1_000)
    live.mentor_joins("first", {}, capacity=1)
    live.mentee_joins("one", {"first": 50_000})
    live.mentor_joins("little better", {"one": 50_900}, capacity=1)
    assert live.pairs() == {"one": "first"}
    live.mentor_joins("much better", {"one": 51_100}, capacity=1)
    assert live.pairs() == {"one": "much better"}
    live.mentor_leaves("much better")
    assert live.pairs() == {"one": "little better"}
    with pytest.raises(engine.InvalidMarket):
        engine.Live(hysteresis=-1)


@pytest.mark.parametrize("seed", range(3))
def test_with_hysteresis_the_proof_holds_for_weights_in_which_standing_pairs_count_more(seed: int) -> None:
    draw = random.Random(seed)
    story = Story(draw, most=1_000, live=engine.Live(hysteresis=150))
    for number in range(PER_STORY):
        event = story.happens()
        pairs, proof = story.live.pairs(), story.live.proof()
        counted = {
            pair: weight + 150 * (pairs.get(pair[0]) == pair[1]) for pair, weight in story.weights.items()
        }
        faults = checker.what_is_wrong(
            counted, story.seats, pairs, (proof.profits, proof.prices, proof.value)
        )
        assert faults == [], f"seed {seed}, event {number}, {event}"


@dataclass
class Half(Story):
    """The live graph hears only of the two best others of whoever joins."""

    def told(self, weights: dict[str, int]) -> dict[str, int]:
        return dict(sorted(weights.items(), key=lambda one: -one[1])[:2])

    def mentee_joins(self) -> None:
        mentee, weights = self.new(), self.some(self.seats)
        self.live.mentee_joins(mentee, self.told(weights))
        self.mentees.add(mentee)
        self.weights |= {(mentee, mentor): weight for mentor, weight in weights.items()}

    def mentor_joins(self) -> None:
        mentor, weights, capacity = self.new(), self.some(self.mentees), self.draw.randint(0, 3)
        self.live.mentor_joins(mentor, self.told(weights), capacity=capacity)
        self.seats[mentor] = capacity
        self.weights |= {(mentee, mentor): weight for mentee, weight in weights.items()}

    def what_is_wrong(self) -> list[str]:
        """Of all pairs whose mentor has seats: at which price none is sold proves nothing."""
        proof = self.live.proof()
        weights = {pair: weight for pair, weight in self.weights.items() if self.seats[pair[1]]}
        certificate = proof.profits, proof.prices, proof.value
        return checker.what_is_wrong(weights, self.seats, self.live.pairs(), certificate)

    def uncovered(self, profits: Mapping[str, int], prices: Mapping[str, int]) -> list[tuple[str, str, int]]:
        return [
            (*pair, weight)
            for pair, weight in self.weights.items()
            if weight > profits[pair[0]] + prices[pair[1]] and self.seats[pair[1]]
        ]


@pytest.mark.parametrize("seed", range(4))
def test_a_proof_over_all_pairs_finds_what_was_not_known_among_those_whose_amounts_fell(seed: int) -> None:
    story = Half(random.Random(seed), most=100_000)
    for number in range(PER_STORY):
        draw = story.draw.random()
        events = [story.mentee_joins, story.mentor_joins]
        events += [story.mentee_leaves] * bool(story.mentees) + [story.mentor_leaves, story.capacity] * (
            draw < 0.3 and bool(story.seats)
        )
        story.draw.choice(events)()
        if number % 15:
            continue
        where, proof = f"seed {seed}, event {number}", story.live.proof()
        mentees, mentors = story.live.fallen()
        hits = story.uncovered(proof.profits, proof.prices)
        assert all(mentee in mentees or mentor in mentors for mentee, mentor, _ in hits), where
        gap = story.live.prove(story.uncovered)
        assert story.what_is_wrong() == [], where
        assert proof.value <= story.live.proof().value == story.cold_value() <= proof.value + gap, where
        assert not any(story.live.fallen()[0])


def test_a_proof_that_never_ends_is_an_error() -> None:
    live = engine.Live()
    live.mentor_joins("mentor", {}, capacity=1)
    live.mentee_joins("mentee", {})
    worth = iter(range(1, 10**6))
    with pytest.raises(ArithmeticError, match="not covered"):
        live.prove(lambda profits, prices: [("mentee", "mentor", next(worth))])

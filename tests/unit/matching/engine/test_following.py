"""A market that changes: after every event its pairs are judged over all pairs, by a checker of its own."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from services.matching import engine
from services.matching.engine import index as arrays
from services.matching.engine import opening, scoring, warming, watching
from tests.unit.matching.engine import checker
from tests.unit.matching.engine.builders import (
    NEGOTIATION,
    OFFICE_HOURS,
    TOPICS,
    a_market,
    a_mentee,
    a_mentor,
)

# The long form: MENTORING_LIVE_EVENTS=50000.
EVENTS = int(os.environ.get("MENTORING_LIVE_EVENTS", "3000")) // 5
PER_STORY = 100
WORDS = ("en", "de", "fr"), ("chess", "hiking", "music"), ("pace", "growth", "service")
SKILLS = (*TOPICS, "unlisted")
SITES = ("", "Bothell", "Berlin", "Pune")


@dataclass
class Company:
    """Draws people; now and then one who says what nobody has said before."""

    draw: random.Random
    met: int = 0

    def _answers(self) -> dict[str, object]:
        self.met += 1
        draw, (languages, interests, scales) = self.draw, WORDS
        new = f"new-{self.met}" if draw.random() < 0.03 else ""
        return {
            "number": str(self.met),
            "hours": draw.choice((OFFICE_HOURS, OFFICE_HOURS >> 6, 0b111111, (1 << 336) - 1)),
            "languages": frozenset(draw.sample(languages, draw.randint(1, 3))) | ({new} if new else set()),
            "values": {scale: draw.randint(1, 5) for scale in scales if draw.random() < 0.7},
            "style": {scale: draw.randint(1, 5) for scale in scales if draw.random() < 0.7},
            "interests": frozenset(draw.sample(interests, draw.randint(0, 3))),
            "level": draw.choice((None, 0, 1, 2, 3, 4)),
            "team": draw.choice(("", "sales", "tools", f"team-{self.met}")),
            "site": draw.choice(SITES),
            "eligible": draw.random() < 0.95,
            "feedback": engine.Feedback(draw.randint(0, 4) / 2, 2),
        }

    def mentee(self, **changes: object) -> engine.Mentee:
        draw = self.draw
        goals = tuple(engine.Goal(skill, draw.choice((0.5, 1.0))) for skill in draw.sample(SKILLS, 2))
        said = {"goals": goals, "goal_names_level": draw.random() < 0.3, "skills": self._skills()}
        return engine.Mentee(**(self._answers() | said | changes))  # type: ignore[arg-type]

    def mentor(self, **changes: object) -> engine.Mentor:
        seats = self.draw.randint(0, 3)
        aims = tuple(map(engine.Goal, self.draw.sample(SKILLS, self.draw.randint(0, 2))))
        said = {"skills": self._skills(), "aims": aims, "capacity": seats, "seats_left": seats}
        return engine.Mentor(**(self._answers() | said | changes))  # type: ignore[arg-type]

    def _skills(self) -> dict[str, float]:
        return {skill: self.draw.randint(0, 14) / 2 for skill in SKILLS if self.draw.random() < 0.6}


@dataclass
class Story:
    """Random events, and what is true after each: the market anew, in the frame of the first day."""

    draw: random.Random
    size: int
    hysteresis: int
    edges_max: int = opening.EDGES_MAX
    company: Company = field(init=False)
    live: engine.LiveMarket = field(init=False)
    frame: arrays.Frame = field(init=False)

    def __post_init__(self) -> None:
        self.company = Company(self.draw)
        mentees = tuple(self.company.mentee() for _ in range(self.size))
        mentors = tuple(self.company.mentor() for _ in range(self.size // 2))
        numbers = [one.number for one in (*mentees, *mentors)]
        market = engine.Market(
            mentees=mentees,
            mentors=mentors,
            rules=engine.ProgrammeRules(
                seniority=self.draw.choice((0, 0, 1)), min_shared_hours=1, hysteresis=self.hysteresis
            ),
            managers={number: self.draw.choice((None, *numbers)) for number in numbers},
            topics=TOPICS,
            blocked=frozenset((one.number, self.draw.choice(mentors).number) for one in mentees[::5]),
        )
        self.frame = arrays.frame(market, more=TOPICS)
        self.live = engine.LiveMarket(market, edges_max=self.edges_max)

    def happens(self) -> str:
        market = self.live.market()
        events = [self.mentee_joins, self.mentor_joins]
        if market.mentees:
            events += [self.mentee_leaves, self.mentee_changes, self.mentee_joins]
        if market.mentors:
            events += [self.mentor_leaves, self.mentor_changes, self.capacity, self.capacity]
        if market.mentees and market.mentors:
            events += [self.block]
        if market.blocked:
            events += [self.allow]
        if market.standing:
            events += [self.pair_leaves, self.block_pair]
        event = self.draw.choice(events)
        before = self.live.pairs()
        changed = event(market)
        after = self.live.pairs()
        assert {*changed.parted} == before.items() - after.items(), event.__name__
        assert {*changed.made} == after.items() - before.items(), event.__name__
        return event.__name__

    def one(self, people: tuple[engine.Mentee, ...] | tuple[engine.Mentor, ...]) -> str:
        return self.draw.choice(sorted(person.number for person in people))

    def some(self, people: tuple[engine.Mentee, ...] | tuple[engine.Mentor, ...]) -> tuple[str, ...]:
        numbers = sorted(person.number for person in people)
        return tuple(self.draw.sample(numbers, min(len(numbers), self.draw.randint(0, 3))))

    def mentee_joins(self, market: engine.Market) -> engine.Changed:
        return self.live.mentee_joins(
            self.company.mentee(),
            favourites=self.some(market.mentors),
            apart=self.some(market.mentors),
            bonus=self.draw.choice((0, 0, 700)),
        )

    def mentor_joins(self, market: engine.Market) -> engine.Changed:
        return self.live.mentor_joins(self.company.mentor(), apart=self.some(market.mentees))

    def mentee_leaves(self, market: engine.Market) -> engine.Changed:
        return self.live.mentee_leaves(self.one(market.mentees))

    def mentor_leaves(self, market: engine.Market) -> engine.Changed:
        return self.live.mentor_leaves(self.one(market.mentors))

    def mentee_changes(self, market: engine.Market) -> engine.Changed:
        favourites = self.draw.choice((None, self.some(market.mentors)))
        mentee = self.company.mentee(number=self.one(market.mentees))
        return self.live.mentee_changes(mentee, favourites=favourites)

    def mentor_changes(self, market: engine.Market) -> engine.Changed:
        return self.live.mentor_changes(self.company.mentor(number=self.one(market.mentors)))

    def capacity(self, market: engine.Market) -> engine.Changed:
        return self.live.capacity(self.one(market.mentors), self.draw.randint(0, 4))

    def block(self, market: engine.Market) -> engine.Changed:
        return self.live.block(self.one(market.mentees), self.one(market.mentors))

    def block_pair(self, market: engine.Market) -> engine.Changed:
        return self.live.block(*self.draw.choice(sorted(market.standing)))

    def allow(self, market: engine.Market) -> engine.Changed:
        here = {one.number for one in (*market.mentees, *market.mentors)}
        pairs = sorted(pair for pair in market.blocked if here >= {*pair})
        known = [
            (a, b)
            for a, b in pairs
            if any(one.number == a for one in market.mentees)
            and any(one.number == b for one in market.mentors)
        ]
        return self.live.allow(*self.draw.choice(known)) if known else engine.Changed((), ())

    def pair_leaves(self, market: engine.Market) -> engine.Changed:
        return self.live.pair_leaves(self.draw.choice(sorted(market.standing))[0])

    def truth(self) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
        """All feasible pairs with what they count, and the seats: by the plain arithmetic alone."""
        market = self.live.market()
        frame = arrays.frame(market, more=TOPICS, before=self.frame)
        index = arrays.build(market, frame)
        weights, _ = scoring.matrix(index)
        rows, columns = np.nonzero(weights)
        names = index.left.numbers, index.right.numbers
        known = {(names[0][i], names[1][j]): int(weights[i, j]) for i, j in zip(rows, columns, strict=True)}
        return known, {one.number: one.seats_left for one in market.mentors}


@pytest.mark.timeout(600 + EVENTS // 5)
@pytest.mark.parametrize("seed", range(-(-EVENTS // PER_STORY)))
def test_after_every_event_the_pairs_of_a_market_are_proven_best_over_all_pairs(seed: int) -> None:
    draw = random.Random(seed)
    story = Story(draw, size=draw.choice((0, 4, 12, 20)), hysteresis=draw.choice((0, 0, 900)))
    for number in range(PER_STORY):
        event = story.happens()
        weights, seats = story.truth()
        proof = story.live.proof()
        certificate = proof.profits, proof.prices, proof.value
        offered = {pair: weight for pair, weight in weights.items() if seats[pair[1]]}
        faults = checker.what_is_wrong(offered, seats, story.live.pairs(), certificate)
        assert faults == [], f"seed {seed}, event {number}, {event}"
        assert proof.bound == proof.value


@pytest.mark.timeout(600 + EVENTS // 5)
@pytest.mark.parametrize("seed", range(-(-EVENTS // (3 * PER_STORY))))
def test_where_not_all_pairs_are_known_what_is_missing_is_bounded_and_a_proof_finds_it(seed: int) -> None:
    draw = random.Random(seed)
    story = Story(draw, size=120, hysteresis=draw.choice((0, 900)), edges_max=0)
    for number in range(PER_STORY):
        event = story.happens()
        where = f"seed {seed}, event {number}, {event}"
        if number % 20 == 0:
            story.live.prove()
            assert story.live.gap() == 0, where
        weights, seats = story.truth()
        proof, pairs = story.live.proof(), story.live.pairs()
        assert sum(weights[pair] for pair in pairs.items()) == proof.value, where
        open_pairs = ((pair, weight) for pair, weight in weights.items() if seats[pair[1]])
        missed = [
            pair
            for pair, weight in open_pairs
            if proof.profits.get(pair[0], 0) + proof.prices.get(pair[1], 0) < weight
        ]
        assert missed == [], where
        bound = sum(proof.profits.values()) + sum(proof.prices[who] * seats[who] for who in proof.prices)
        assert proof.value <= bound == proof.bound <= proof.value * (1 + watching.GAP_MAX), where


def a_story(seed: int, hysteresis: int = 0) -> Story:
    return Story(random.Random(seed), size=20, hysteresis=hysteresis)


@pytest.mark.parametrize("seed", range(5))
def test_a_market_opens_with_the_pairs_of_a_solution_and_opens_again_with_those_that_stand(seed: int) -> None:
    story = a_story(seed, hysteresis=800 * (seed % 2))
    market = story.live.market()
    assert story.live.pairs() == {
        pair.mentee: pair.mentor for pair in engine.solve(replace(market, standing=frozenset())).pairs
    }
    for _ in range(30):
        story.happens()
    now = story.live.market()
    assert now.standing == frozenset(story.live.pairs().items())
    again = engine.LiveMarket(replace(now, rules=replace(now.rules, hysteresis=90_000)))
    assert again.pairs() == story.live.pairs(), "nobody's pair is changed that would have to be far better"


def test_equal_mentors_change_nobody_when_a_market_is_opened_again() -> None:
    mentees = tuple(a_mentee(str(number)) for number in range(101, 107))
    mentors = tuple(a_mentor(str(number)) for number in range(201, 207))
    market = a_market(mentees, mentors)
    first = engine.LiveMarket(market).pairs()
    turned = {mentee: first[str(100 + (int(mentee) - 100) % 6 + 1)] for mentee in first}
    assert turned != first
    assert engine.LiveMarket(replace(market, standing=frozenset(turned.items()))).pairs() == turned


def test_a_pair_that_is_agreed_leaves_with_its_seat_and_nobody_else_is_moved() -> None:
    mentor = a_mentor(capacity=2, seats_left=2)
    live = engine.LiveMarket(a_market((a_mentee("101"), a_mentee("102"), a_mentee("103")), (mentor,)))
    agreed, other = sorted(live.pairs())
    changed = live.pair_leaves(agreed)
    assert changed == engine.Changed(parted=((agreed, "201"),), made=())
    assert live.pairs() == {other: "201"}
    assert live.market().mentors[0].seats_left == 1
    assert live.proof().value == live.proof().bound
    assert live.capacity("201", 2).made[0][1] == "201"


def test_somebody_who_comes_with_a_manager_nobody_knew_is_kept_apart_from_their_line() -> None:
    boss, stranger = a_mentor("201"), a_mentor("202")
    live = engine.LiveMarket(a_market((), (boss, stranger), managers={"201": None, "202": None}))
    live.reporting({"201": None, "202": None, "101": "201"})
    live.mentee_joins(a_mentee("101"))
    assert live.pairs() == {"101": "202"}
    live.reporting({"201": None, "202": "101", "101": None})
    assert live.pairs() == {"101": "201"}


def test_what_a_skill_counts_is_kept_while_nobody_has_it() -> None:
    asking = a_mentee("101", goals=(engine.Goal("rare"), engine.Goal(NEGOTIATION)))
    able = a_mentor("201", skills={"rare": 7.0, NEGOTIATION: 1.0})
    others = tuple(a_mentor(str(number), skills={"rare": 1.0}, seats_left=0) for number in range(202, 209))
    live = engine.LiveMarket(a_market((asking,), (able, *others)))
    worth = live.proof().value
    for mentor in (able, *others):
        live.mentor_leaves(mentor.number)
    live.mentee_leaves("101")
    live.reporting({"101": None, "201": None})
    live.mentor_joins(able)
    live.mentee_joins(asking)
    assert live.proof().value == worth


def test_what_a_market_would_refuse_an_event_refuses_and_nothing_has_changed() -> None:
    live = engine.LiveMarket(a_market((a_mentee(),), (a_mentor(),)))
    before = live.market(), live.pairs()
    refused = (
        lambda: live.mentee_joins(a_mentee()),
        lambda: live.mentee_joins(a_mentee("102", level=900)),
        lambda: live.mentee_joins(a_mentee("102"), favourites=tuple("123456")),
        lambda: live.mentee_joins(a_mentee("102"), bonus=5_001),
        lambda: live.mentee_changes(a_mentee("102")),
        lambda: live.mentee_changes(a_mentee(values={"pace": 9})),
        lambda: live.mentor_joins(a_mentor()),
        lambda: live.mentor_joins(a_mentor("202", skills={NEGOTIATION: float("nan")})),
        lambda: live.mentor_changes(a_mentor("202")),
        lambda: live.mentor_leaves("101"),
        lambda: live.mentee_leaves("201"),
        lambda: live.pair_leaves("201"),
        lambda: live.capacity("201", -1),
        lambda: live.capacity("202", 1),
        lambda: live.block("101", "202"),
        lambda: live.allow("102", "201"),
    )
    for event in refused:
        with pytest.raises(engine.InvalidMarket):
            event()
    assert (live.market(), live.pairs()) == before
    for form in ("peer", "circle", "flash"):
        with pytest.raises(engine.InvalidMarket, match="solved anew"):
            engine.LiveMarket(a_market(rules=engine.ProgrammeRules(form=form)))  # type: ignore[arg-type]


def test_once_the_engine_is_warm_no_event_compiles_anything() -> None:
    engine.warm()
    assert engine.is_warm()
    compiled = {kernel: list(kernel.signatures) for kernel in warming.KERNELS}  # type: ignore[attr-defined]
    for edges_max in (opening.EDGES_MAX, 0):
        story = Story(random.Random(1), size=60, hysteresis=500, edges_max=edges_max)
        seen = {story.happens() for _ in range(60)}
        story.live.prove()
        assert len(seen) > 8
    assert compiled == {kernel: list(kernel.signatures) for kernel in warming.KERNELS}  # type: ignore[attr-defined]

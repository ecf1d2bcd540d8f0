"""Flash talks that change: after every event they are judged over all seats, by a checker of its own."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest

from services.matching import engine
from services.matching.engine import index as arrays
from services.matching.engine import scoring
from tests.unit.matching.engine import checker
from tests.unit.matching.engine.builders import TOPICS, a_market, a_mentee, a_mentor
from tests.unit.matching.engine.test_following import Company

# The long form: MENTORING_LIVE_EVENTS=50000.
EVENTS = int(os.environ.get("MENTORING_LIVE_EVENTS", "3000")) // 5
PER_STORY = 60
SLOTS = (18, 19, 20, 66)
TALKS = engine.ProgrammeRules(form="flash", slots=SLOTS)
ANY_TALK = sum(1 << slot for slot in SLOTS)


class Day:
    """A day of talks on which random things happen."""

    def __init__(self, draw: random.Random, size: int) -> None:
        self.draw, self.company = draw, Company(draw)
        mentees = tuple(self.company.mentee(**self._hours()) for _ in range(size))
        mentors = tuple(self.company.mentor(**self._hours()) for _ in range(size // 3))
        market = engine.Market(
            mentees=mentees,
            mentors=mentors,
            rules=TALKS,
            managers={one.number: None for one in (*mentees, *mentors)},
            topics=TOPICS,
            bonus={mentees[0].number: 900} if mentees else {},
        )
        self.frame = arrays.frame(market, more=TOPICS)
        self.live = engine.LiveTalks(market)

    def _hours(self) -> dict[str, object]:
        return {"hours": sum(1 << slot for slot in SLOTS if self.draw.random() < 0.6)}

    def happens(self) -> str:
        market = self.live.market()
        events = ["mentee_joins", "mentee_joins", "mentor_joins"]
        events += ["mentee_leaves", "mentee_changes"] * bool(market.mentees)
        events += ["mentor_leaves", "mentor_changes"] * bool(market.mentors)
        events += ["block"] * bool(market.mentees and market.mentors)
        events += ["talk_is_given"] * bool(self.live.talks())
        event = self.draw.choice(events)
        before = self._seats()
        changed = self._carry_out(event, market)
        after = self._seats()
        assert {*changed.parted} == before.items() - after.items(), event
        assert {*changed.made} == after.items() - before.items(), event
        return event

    def _carry_out(self, event: str, market: engine.Market) -> engine.Changed:
        mentees, mentors = ([one.number for one in side] for side in (market.mentees, market.mentors))
        if event == "block":
            return self.live.block(self.draw.choice(mentees), self.draw.choice(mentors))
        if event == "talk_is_given":
            return self.live.talk_is_given(self.draw.choice(sorted(self.live.talks())))
        side, deed = event.split("_")
        there = mentees if side == "mentee" else mentors
        make = self.company.mentee if side == "mentee" else self.company.mentor
        if deed == "leaves":
            return getattr(self.live, event)(self.draw.choice(there))  # type: ignore[no-any-return]
        who = {"number": self.draw.choice(there)} if deed == "changes" else {}
        return getattr(self.live, event)(make(**self._hours(), **who))  # type: ignore[no-any-return]

    def _seats(self) -> dict[str, str]:
        return {mentee: f"{mentor} {slot}" for mentee, (mentor, slot) in self.live.talks().items()}

    def what_is_wrong(self) -> list[str]:
        """By the plain arithmetic of the whole market alone."""
        market = self.live.market()
        index = arrays.build(market, arrays.frame(market, more=TOPICS, before=self.frame))
        weights, _ = scoring.matrix(index)
        place = {number: column for column, number in enumerate(index.right.numbers)}
        worth = {
            (mentee.number, f"{mentor.number} {slot}"): int(weights[row, place[mentor.number]])
            for row, mentee in enumerate(index.mentees)
            for mentor in market.mentors
            for slot in SLOTS
            if weights[row, place[mentor.number]] and mentor.seats_left
            if mentee.hours & mentor.hours & 1 << slot
        }
        seats = {f"{mentor.number} {slot}": 1 for mentor in market.mentors for slot in SLOTS}
        proof = self.live.proof()
        return checker.what_is_wrong(worth, seats, self._seats(), (proof.profits, proof.prices, proof.value))


@pytest.mark.timeout(600 + EVENTS // 5)
@pytest.mark.parametrize("seed", range(-(-EVENTS // PER_STORY)))
def test_after_every_event_the_talks_are_proven_best_over_all_seats(seed: int) -> None:
    draw = random.Random(seed)
    day = Day(draw, size=draw.choice((0, 6, 15)))
    for number in range(PER_STORY):
        event = day.happens()
        assert day.what_is_wrong() == [], f"seed {seed}, event {number}, {event}"


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_talks_opens_with_the_value_of_a_solution(seed: int) -> None:
    market = Day(random.Random(seed), size=12).live.market()
    assert engine.LiveTalks(market).proof().value == engine.solve(market).value


def test_a_talk_that_is_given_is_nobody_elses_any_more() -> None:
    mentor = a_mentor("201", hours=ANY_TALK)
    mentees = tuple(a_mentee(str(number), hours=1 << 18) for number in (101, 102))
    live = engine.LiveTalks(a_market(mentees, (mentor,), rules=TALKS))
    ((given, _),) = live.talks().items()
    assert live.talk_is_given(given) == engine.Changed(parted=((given, "201 18"),), made=())
    assert live.talks() == {}
    (other,) = live.market().mentees
    live.mentee_changes(replace(other, hours=ANY_TALK))
    assert live.talks()[other.number][1] != 18


def test_what_a_day_of_talks_would_refuse_changes_nothing() -> None:
    live = engine.LiveTalks(a_market((a_mentee("101"),), (a_mentor("201"),), rules=TALKS))
    before = live.market(), live.talks()
    refused = (
        lambda: live.mentee_joins(a_mentee("101")),
        lambda: live.mentor_joins(a_mentor("201")),
        lambda: live.mentee_joins(a_mentee("102", level=900)),
        lambda: live.mentor_changes(a_mentor("201", level=900)),
        lambda: live.mentee_changes(a_mentee("102")),
        lambda: live.mentor_changes(a_mentor("202")),
        lambda: live.mentee_leaves("201"),
        lambda: live.mentor_leaves("101"),
        lambda: live.block("101", "202"),
        lambda: live.talk_is_given("201"),
        lambda: engine.LiveTalks(a_market()),
    )
    for event in refused:
        with pytest.raises(engine.InvalidMarket):
            event()
    assert (live.market(), live.talks()) == before

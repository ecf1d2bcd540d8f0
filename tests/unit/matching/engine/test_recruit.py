from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from services.matching import engine
from services.matching.engine.recruit import where
from tests.unit.matching.engine.builders import (
    NEGOTIATION,
    SPEAKING,
    WRITING,
    a_market,
    a_mentee,
    a_mentor,
    markets,
)


def lines(market: engine.Market) -> dict[tuple[str, str], str]:
    solution = engine.solve(market)
    waiting = {one.number for one in solution.waiting if one.role == "mentee"}
    return {(one.kind, one.code): one.sentence for one in where(market, solution.certificate.prices, waiting)}


def test_the_skill_that_is_short_has_the_price() -> None:
    mentees = [a_mentee(str(number), site="Bothell") for number in range(101, 104)]
    writer = a_mentee("104", goals=(engine.Goal(WRITING),))
    speaker = a_mentee("105", goals=(engine.Goal(SPEAKING),), languages=frozenset({"fr"}))
    mentors = a_mentor("201"), a_mentor("202", skills={WRITING: 6}, capacity=3, seats_left=3)
    found = lines(a_market((*mentees, writer, speaker), mentors))
    order = [code for kind, code in found if kind == "skill"]
    assert order == [SPEAKING, NEGOTIATION, WRITING]
    assert found["skill", SPEAKING] == "Speaking: no mentor yet; 1 mentee wants to learn it, 1 waiting."
    assert found["skill", NEGOTIATION].startswith("Negotiation: a seat more adds a score of up to 0.")
    assert found["skill", WRITING].startswith(
        "Writing: a seat more adds a score of up to 0.00 (1 mentor with 3"
    )
    assert found["language", "fr"] == "French: no mentor yet; 1 mentee speaks it, 1 waiting."
    assert found["site", "Bothell"].startswith("Bothell: no mentor yet; 3 mentees work there")


@settings(max_examples=60, deadline=None)
@given(markets())
def test_a_seat_more_adds_no_more_than_its_price(market: engine.Market) -> None:
    before = engine.solve(market)
    for mentor in market.mentors:
        more = replace(mentor, capacity=mentor.capacity + 1, seats_left=mentor.seats_left + 1)
        mentors = tuple(more if one.number == mentor.number else one for one in market.mentors)
        after = engine.solve(replace(market, mentors=mentors))
        assert after.value - before.value <= before.certificate.prices.get(mentor.number, 0)


def test_a_seat_that_everybody_wants_adds_what_its_price_says() -> None:
    market = a_market(tuple(a_mentee(str(number)) for number in range(101, 104)), (a_mentor(),))
    before = engine.solve(market)
    more = replace(market, mentors=(a_mentor(capacity=2, seats_left=2),))
    assert engine.solve(more).value - before.value == before.certificate.prices["201"]

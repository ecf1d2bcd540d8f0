"""A programme that is followed is worth, after any difference, what solving it anew proves."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.matching import engine
from services.matching.core.following import Followed
from tests.unit.matching.engine.test_following import Company

STEPS = 60


@pytest.mark.parametrize("seed", range(4))
def test_U4_what_is_followed_is_worth_what_a_new_solution_proves(seed: int) -> None:
    draw = random.Random(seed)
    company = Company(draw)
    market = engine.Market(
        mentees=tuple(company.mentee() for _ in range(14)),
        mentors=tuple(company.mentor() for _ in range(6)),
        rules=engine.ProgrammeRules(hysteresis=500),
    )
    followed = Followed(market)
    for _ in range(STEPS):
        for _ in range(draw.randint(0, 2)):
            market = changed(market, company)
        followed.follow(market)
        solved = engine.solve(replace(market, rules=replace(market.rules, hysteresis=0)))
        scores = followed.scores()
        assert sum(scores.values()) + sum(market.bonus.get(one, 0) for one in scores) == solved.value
        assert solved.gap == 0
    assert solved.value > 0


def changed(market: engine.Market, company: Company) -> engine.Market:
    """Something that happens to a programme between two looks."""
    draw, mentees, mentors = company.draw, list(market.mentees), list(market.mentors)
    who, mentor = draw.randrange(len(mentees)), draw.randrange(len(mentors))
    names = mentees[who].number, mentors[mentor].number
    match draw.choice(
        ("comes", "comes", "placed", "says", "seats", "rated", "apart", "again", "mentor", "likes")
    ):
        case "comes":
            new = company.mentee()
            apart = {(new.number, names[1])} if draw.random() < 0.3 else set()
            return replace(market, mentees=(*mentees, new), blocked=market.blocked | apart)
        case "placed" if len(mentees) > 8:
            del mentees[who]
            left = max(0, mentors[mentor].seats_left - 1)
            mentors[mentor] = replace(mentors[mentor], seats_left=left)
            return replace(
                market, mentees=tuple(mentees), mentors=tuple(mentors), blocked=market.blocked | {names}
            )
        case "says":
            mentees[who] = company.mentee(number=names[0])
        case "seats":
            mentors[mentor] = replace(mentors[mentor], capacity=5, seats_left=draw.randint(0, 3))
        case "rated":
            mentors[mentor] = replace(mentors[mentor], feedback=engine.Feedback(1.0, 4.0), site="Pune")
        case "apart":
            return replace(market, blocked=market.blocked | {names})
        case "again":
            return replace(
                market, blocked=frozenset(draw.sample(sorted(market.blocked), len(market.blocked) // 2))
            )
        case "mentor":
            mentors[mentor] = company.mentor()
        case "likes":
            bonus = {**market.bonus, names[0]: draw.randint(0, 2000)}
            return replace(market, bonus=bonus, favourites={**market.favourites, names[0]: (names[1],)})
    return replace(market, mentees=tuple(mentees), mentors=tuple(mentors))

"""U13: a new best answer moves few of the people who have a proposal already."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.matching import engine
from tests.unit.matching.engine.builders import NEGOTIATION, SPEAKING, WRITING, a_market, a_mentee, a_mentor

EVENTS = 40
HYSTERESIS = 400
SEEDS = range(3)
SCALES = ("growth", "autonomy", "stability", "recognition", "service")
SKILLS = (NEGOTIATION, WRITING, SPEAKING)


@dataclass(frozen=True)
class Moved:
    """Standing proposals of others that changed per event, and the share of the best score given up."""

    others: float
    lost: float


def answers(chance: random.Random) -> dict[str, int]:
    return {scale: chance.randint(1, 5) for scale in SCALES}


def some_mentee(number: int, chance: random.Random) -> engine.Mentee:
    goals = tuple(engine.Goal(skill) for skill in chance.sample(SKILLS, 2))
    return a_mentee(str(number), goals=goals, values=answers(chance), site=chance.choice("NSEW"))


def some_mentor(number: int, chance: random.Random) -> engine.Mentor:
    skills = {skill: float(chance.randint(1, 7)) for skill in chance.sample(SKILLS, 2)}
    return a_mentor(str(number), skills=skills, values=answers(chance), site=chance.choice("NSEW"))


def markets(chance: random.Random) -> Iterator[tuple[engine.Market, str]]:
    """A market after each event, and who joined or left; people join and leave in turn, seats are scarce."""
    mentees = [some_mentee(number, chance) for number in range(1, 61)]
    mentors = tuple(some_mentor(number, chance) for number in range(1001, 1049))
    yield a_market(tuple(mentees), mentors), ""
    for event in range(EVENTS):
        if event % 2:
            who = mentees.pop(chance.randrange(len(mentees)))
        else:
            who = some_mentee(100 + event, chance)
            mentees.append(who)
        yield a_market(tuple(mentees), mentors), who.number


def moved(hysteresis: int, seed: int) -> Moved:
    standing: dict[str, str] = {}
    changed, kept, best = 0, 0, 0
    for market, who in markets(random.Random(seed)):
        there = {one.number for one in market.mentees}
        stays = replace(
            market,
            rules=engine.ProgrammeRules(hysteresis=hysteresis),
            standing=frozenset((mentee, mentor) for mentee, mentor in standing.items() if mentee in there),
        )
        pairs = engine.solve(stays, solver="graph").pairs
        now = {pair.mentee: pair.mentor for pair in pairs}
        changed += sum(standing[one] != now.get(one) for one in standing.keys() & there if one != who)
        kept += sum(pair.weight - pair.added for pair in pairs)
        best += engine.solve(market, solver="graph").value
        standing = now
    return Moved(changed / EVENTS, 1 - kept / best)


def test_U13_few_proposals_of_others_change_at_next_to_no_cost() -> None:
    free, held = [[moved(hysteresis, seed) for seed in SEEDS] for hysteresis in (0, HYSTERESIS)]
    assert sum(one.others for one in held) <= 1.3 * len(SEEDS)
    assert sum(one.lost for one in held) <= 0.0003 * len(SEEDS)
    assert sum(one.others for one in held) < sum(one.others for one in free)
    assert all(one.lost == 0 for one in free)

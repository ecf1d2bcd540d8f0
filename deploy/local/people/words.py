"""What the simulated people write in confidence and how they rate; made up. It may not leave scheduling."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.local import chance
from deploy.local.company.made_up import Person
from deploy.local.people import temper

WELL = (
    "You asked one question at a time and waited for the answer.",
    "The example from your own first year made it concrete.",
    "We kept to the topic and ended with a clear next step.",
    "You read my draft beforehand, which saved us half the time.",
)
IMPROVE = (
    "Let us agree on one question the day before.",
    "Please leave ten minutes at the end for what I want to try.",
    "I would like fewer examples and more time to think aloud.",
    "Could we write down the promise we make at the end?",
)
ENCOURAGE = (
    "Keep going, the last step was a big one.",
    "You know more about this than you say.",
    "I look forward to hearing how the talk with your team went.",
    "Thank you for being this open.",
)
RATINGS = ("rating_overall", "rating_usefulness", "rating_listening")
LOW = 2
"""An overall rating of this or less is asked for one concrete behaviour or suggestion."""


def ratings(person: Person, partner: int, ordinal: int, *, seed: int) -> Mapping[str, int]:
    """1 to 5 by name: mostly the pair's chemistry, a little the character, a little the day."""
    liking = 1.8 + 3.2 * temper.chemistry(seed, person.number, partner) + temper.of(person).kindness
    given = {}
    for name in RATINGS:
        day = 1.6 * (chance.share(seed, person.number, partner, ordinal, name) - 0.5)
        given[name] = min(5, max(1, round(liking + day)))
    return given


def fit(person: Person, partner: int, *, seed: int) -> str:
    chemistry = temper.chemistry(seed, person.number, partner)
    picky = temper.of(person).picky
    if chemistry < picky:
        return "not-good"
    return "unsure" if chemistry < picky + 0.12 else "good"


def texts(person: Person, partner: int, ordinal: int, *, seed: int, mark: str) -> Mapping[str, str]:
    """The three parts of a feedback; `mark` is put in each, so that a leak of one can be searched for."""
    parts = {"went_well": WELL, "to_improve": IMPROVE, "encouragement": ENCOURAGE}
    return {
        name: f"{chance.among(lines, seed, person.number, partner, ordinal, name)} {mark}".strip()
        for name, lines in parts.items()
    }

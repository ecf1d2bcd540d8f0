"""Where the marks of the desk's pictures stand: plain numbers for SVG, in the units of its view box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.matching import engine
from services.matching.core.difference import Difference
from services.matching.core.fairness import FOUR_FIFTHS, Line

WORDS = {
    "goals": "Goals and skills",
    "aims": "What the mentor wants to learn",
    "values": "Values at work",
    "style": "Working style",
    "interests": "Interests",
    "experience": "Distance in levels",
    "availability": "Shared hours",
    "location": "Place",
    "feedback": "Earlier feedback",
}
SIDE = 360.0
MARKS_MAX = 2_000


@dataclass(frozen=True)
class Part:
    """One component of a score: what it adds to each side's sum and the most it could, in percent of the
    largest there is."""

    name: str
    mentee_is: float
    mentee_most: float
    mentor_is: float
    mentor_most: float
    given: bool
    component: engine.Component


@dataclass(frozen=True)
class Rates:
    """Match rates in percent of the bar; `line` is four fifths of the others'."""

    own: float
    others: float
    line: float


@dataclass(frozen=True)
class Gap:
    """A mean difference and its interval on an axis from −0.2 to 0.2, in percent of its width."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Mark:
    """A mentee in the picture of a difference; `kind`: gain, loss or same. y grows downwards."""

    x: float
    y: float
    kind: str


def parts(components: Sequence[engine.Component]) -> list[Part]:
    """Those with any weight, in the order of the model."""
    most = max((max(one.mentee_weight, one.mentor_weight) for one in components), default=0.0) or 1.0
    return [
        Part(
            name=WORDS.get(one.code, one.code),
            mentee_is=100 * one.u * one.mentee_weight / most,
            mentee_most=100 * one.mentee_weight / most,
            mentor_is=100 * one.v * one.mentor_weight / most,
            mentor_most=100 * one.mentor_weight / most,
            given=one.given,
            component=one,
        )
        for one in components
        if one.mentee_weight or one.mentor_weight
    ]


def rates(line: Line) -> Rates:
    own = line.matched / line.members if line.members else 0.0
    others = line.others_matched / line.others if line.others else 0.0
    return Rates(100 * own, 100 * others, 100 * FOUR_FIFTHS * others)


def gap(line: Line) -> Gap | None:
    if line.gap is None or line.gap_low is None or line.gap_high is None:
        return None
    return Gap(_on_axis(line.gap), _on_axis(line.gap_low), _on_axis(line.gap_high))


def _on_axis(value: float) -> float:
    return 50 + 250 * max(-0.2, min(0.2, value))


def marks(difference: Difference) -> list[Mark]:
    """Mentees by what they have today (to the right) and would have (upwards), those who stay first.

    Beyond `MARKS_MAX` an even sample in the order of the numbers; where somebody stands is never changed.
    """
    step = max(1, -(-len(difference.worths) // MARKS_MAX))
    found = [_mark(before, after) for before, after in difference.worths[::step]]
    return sorted(found, key=lambda mark: ("same", "gain", "loss").index(mark.kind))


def _mark(before: float, after: float) -> Mark:
    kind = "same" if abs(after - before) < 1e-9 else "gain" if after > before else "loss"
    return Mark(round(SIDE * before, 1), round(SIDE * (1 - after), 1), kind)

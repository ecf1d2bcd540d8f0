"""Two ways to pair a programme's people, compared: who gains, who loses, and what it does on the whole.

Gains and losses are measured by today's weights on both sides, else a change of weights would praise itself:
a pair's worth is the score the unchanged programme gives it, even where its rules forbid the pair. Groups
that people said they belong to are not compared: leaving one person out would tell whether they are in one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.matching import engine
from services.matching.engine import yardstick


@dataclass(frozen=True)
class Moved:
    """A mentee whose mentor is another one, or nobody (worth 0). Worths are in score by today's weights."""

    mentee: str
    before: str | None
    after: str | None
    worth_before: float
    worth_after: float

    @property
    def gain(self) -> float:
        return self.worth_after - self.worth_before


@dataclass(frozen=True)
class Side:
    """The figures of one of the two solves. `score` is the mean worth of its pairs by today's weights."""

    mentees: int
    mentors: int
    seats: int
    feasible_pairs: int
    pairs: int
    waiting: int
    score: float | None
    total: float
    least: float | None
    gap: int


@dataclass(frozen=True)
class GroupFigures:
    """Mentees of one site or level: how many there are, and how many have a mentor before and after."""

    kind: str
    code: str
    members: int
    before: int
    after: int
    score_before: float | None
    score_after: float | None


@dataclass(frozen=True)
class Difference:
    """What the changes would do. `moved` begins with those who lose most. `worths` are all pairs' worths."""

    before: Side
    after: Side
    moved: tuple[Moved, ...]
    worths: tuple[tuple[float, float], ...]
    groups: tuple[GroupFigures, ...]

    @property
    def gaining(self) -> int:
        return sum(one.gain > 0 for one in self.moved)

    @property
    def losing(self) -> int:
        return sum(one.gain < 0 for one in self.moved)


def difference(
    market: engine.Market, forked: engine.Market, solved: tuple[engine.Solution, engine.Solution]
) -> Difference:
    """The two solutions compared, by today's weights."""
    before, after = ({one.mentee: one.mentor for one in solution.pairs} for solution in solved)
    worth_before = yardstick.weights(market, before.items())
    measure = replace(
        forked,
        rules=replace(
            forked.rules,
            mentee_weights=market.rules.mentee_weights,
            mentor_weights=market.rules.mentor_weights,
            target_gap=market.rules.target_gap,
        ),
    )
    worth_after = yardstick.weights(measure, after.items())
    old = {mentee: worth_before[mentee, mentor] / engine.WEIGHT_OF_ONE for mentee, mentor in before.items()}
    new = {mentee: worth_after[mentee, mentor] / engine.WEIGHT_OF_ONE for mentee, mentor in after.items()}
    new |= {mentee: old[mentee] for mentee, mentor in before.items() if after.get(mentee) == mentor}
    everybody = sorted({one.number for one in (*market.mentees, *forked.mentees)}, key=_order)
    moved = [
        Moved(number, before.get(number), after.get(number), old.get(number, 0.0), new.get(number, 0.0))
        for number in everybody
        if before.get(number) != after.get(number)
    ]
    return Difference(
        before=_figures(market, solved[0], list(old.values())),
        after=_figures(forked, solved[1], list(new.values())),
        moved=tuple(sorted(moved, key=lambda one: (one.gain, _order(one.mentee)))),
        worths=tuple((old.get(number, 0.0), new.get(number, 0.0)) for number in everybody),
        groups=tuple(_groups(forked, old, new)),
    )


def _figures(market: engine.Market, solution: engine.Solution, worths: Sequence[float]) -> Side:
    return Side(
        mentees=len(market.mentees),
        mentors=len(market.mentors),
        seats=sum(one.seats_left for one in market.mentors),
        feasible_pairs=solution.feasible_pairs,
        pairs=len(solution.pairs),
        waiting=len(market.mentees) - len(solution.pairs),
        score=_mean(worths),
        total=sum(worths),
        least=min(worths, default=None),
        gap=solution.gap,
    )


def _groups(market: engine.Market, old: Mapping[str, float], new: Mapping[str, float]) -> list[GroupFigures]:
    """By site and by level, of the mentees who are there after the changes."""
    members: dict[tuple[str, str], list[str]] = {}
    for one in market.mentees:
        named = (("site", one.site), ("level", "" if one.level is None else str(one.level)))
        for kind, code in named:
            if code:
                members.setdefault((kind, code), []).append(one.number)
    return [_group((kind, code), members[kind, code], old, new) for kind, code in sorted(members)]


def _group(
    named: tuple[str, str], numbers: Sequence[str], old: Mapping[str, float], new: Mapping[str, float]
) -> GroupFigures:
    before = [old[number] for number in numbers if number in old]
    after = [new[number] for number in numbers if number in new]
    return GroupFigures(*named, len(numbers), len(before), len(after), _mean(before), _mean(after))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _order(number: str) -> tuple[int, str]:
    return len(number), number

"""The remedies of a programme: a bonus for rounds waited, and one that balances the groups it has chosen.

A bonus is added to all pairs of a mentee alike, so it never changes whom somebody fits, only who is served
first where seats are short. The group bonus is the Lagrange multiplier of "the group's match rate is at least
.95 of the others'", among people with a feasible mentor: the least one that reaches it, at most .05.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from services.matching import engine
from services.matching.core.fairness import BALANCED_MIN, BONUS_MAX, TARGET, rate_ratio

LARGEST = round(BONUS_MAX * engine.WEIGHT_OF_ONE)
STEPS = 7
PASSES = 2
NO_SEAT = "all-mentors-full"

Solve = Callable[[engine.Market], engine.Solution]


def bonus(
    waited: Mapping[str, int], ageing: float, groups: Mapping[str, Collection[str]], given: Mapping[str, int]
) -> dict[str, int]:
    """Weight units by mentee: `ageing` in score per round `waited`, and what each of their groups is `given`;
    5,000 at most together."""
    found = {number: round(ageing * engine.WEIGHT_OF_ONE * rounds) for number, rounds in waited.items()}
    for code, amount in given.items():
        for number in groups.get(code, ()):
            found[number] = found.get(number, 0) + amount
    return {number: min(amount, LARGEST) for number, amount in found.items() if amount > 0}


def multipliers(
    market_with: Callable[[Mapping[str, int]], engine.Market],
    groups: Mapping[str, Collection[str]],
    solve: Solve,
) -> dict[str, int]:
    """What each group is given, in weight units, so that its members are matched as often as the others.

    Groups of fewer than 20 members with a feasible mentor get nothing. Group by group by bisection, the
    others' amounts kept; a second pass where more than one is given something.
    """
    given: dict[str, int] = {}
    solution = solve(market_with(given))
    able = with_a_mentor(solution)
    large = {code: set(numbers) & able for code, numbers in groups.items()}
    large = {code: numbers for code, numbers in sorted(large.items()) if len(numbers) >= BALANCED_MIN}
    for _ in range(PASSES if len(large) > 1 else 1):
        for code in large:
            rest = {other: amount for other, amount in given.items() if other != code}

            def reached(amount: int, rest: Mapping[str, int] = rest, code: str = code) -> bool:
                solved = solve(market_with({**rest, code: amount}))
                ratio = _ratio(solved, large[code], able)
                return ratio is None or ratio >= TARGET

            given[code] = 0 if reached(0) else _least(reached)
    return {code: amount for code, amount in given.items() if amount}


def _least(reached: Callable[[int], bool]) -> int:
    """The least amount that is enough, by bisection; the largest where none is."""
    low, high = 0, LARGEST
    for _ in range(STEPS):
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def with_a_mentor(solution: engine.Solution) -> set[str]:
    """The mentees whom some mentor fits, matched or not."""
    full = {one.number for one in solution.waiting if one.role == "mentee" and one.code == NO_SEAT}
    return full | {pair.mentee for pair in solution.pairs}


def _ratio(solution: engine.Solution, numbers: Collection[str], able: Collection[str]) -> float | None:
    matched = {pair.mentee for pair in solution.pairs}
    others = set(able) - set(numbers)
    return rate_ratio(len(matched & set(numbers)), len(numbers), len(matched & others), len(others))

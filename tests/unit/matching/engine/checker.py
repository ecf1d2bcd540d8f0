"""Judges a solution by its certificate alone, with its own arithmetic: it shares no code with the solver.

Weak duality: where every profit and price is at least 0 and profit + price covers the weight of every pair
that may be made, no assignment is worth more than Σ profit + Σ price · seats. Pairs of that value are best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

A = TypeVar("A", bound=Hashable)
B = TypeVar("B", bound=Hashable)


def what_is_wrong(
    weights: Mapping[tuple[A, B], int],
    seats: Mapping[B, int],
    pairs: Mapping[A, B],
    certificate: tuple[Mapping[A, int], Mapping[B, int], int],
) -> list[str]:
    """Every fault found, none if the pairs are proven best. `weights` has all pairs that may be made.

    The certificate is (profit by mentee, price by mentor, value); who is not named in it has 0.
    """
    profit, price, value = certificate
    taken = Counter(pairs.values())
    found = [f"negative: {who}" for side in (profit, price) for who, dual in side.items() if dual < 0]
    for (mentee, mentor), weight in weights.items():
        if profit.get(mentee, 0) + price.get(mentor, 0) < weight:
            found.append(f"not covered: {mentee} with {mentor}")
    for mentee, mentor in pairs.items():
        if weights.get((mentee, mentor), 0) <= 0:
            found.append(f"may not be made: {mentee} with {mentor}")
        elif profit.get(mentee, 0) + price.get(mentor, 0) != weights[mentee, mentor]:
            found.append(f"not tight: {mentee} with {mentor}")
    found += [f"too many: {mentor}" for mentor in taken if taken[mentor] > seats.get(mentor, 0)]
    found += [f"profit of nobody's: {who}" for who, dual in profit.items() if dual and who not in pairs]
    found += [
        f"price of a free seat: {who}" for who, dual in price.items() if dual and taken[who] < seats[who]
    ]
    worth = sum(weights.get(pair, 0) for pair in pairs.items())
    proven = sum(profit.values()) + sum(dual * seats[who] for who, dual in price.items())
    if not worth == proven == value:
        found.append(f"worth {worth}, proven {proven}, said {value}")
    return found

"""Chance without a generator: every draw is a function of its arguments alone.

So a draw does not depend on what was drawn before it, by whom, or in which order: the same seed tells the
same story.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def share(seed: int, *parts: object) -> float:
    """A number in [0, 1), evenly spread over seeds and parts."""
    text = "\x1f".join((str(seed), *map(str, parts)))
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) / 2.0**56


def happens(probability: float, seed: int, *parts: object) -> bool:
    return share(seed, *parts) < probability


def whole(low: int, high: int, seed: int, *parts: object) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + int(share(seed, *parts) * (high - low + 1))


def among(options: Sequence[T], seed: int, *parts: object) -> T:
    """One of the options, each as likely as the others."""
    return options[int(share(seed, *parts) * len(options))]


def weighted(options: Mapping[T, float], seed: int, *parts: object) -> T:
    """One of the options, each as likely as its weight says; the weights need not add up to one."""
    left = share(seed, *parts) * sum(options.values())
    chosen = next(iter(options))
    for option, weight in options.items():
        chosen = option
        if left < weight:
            break
        left -= weight
    return chosen


def several(options: Sequence[T], count: int, seed: int, *parts: object) -> tuple[T, ...]:
    """`count` different options (all, when there are fewer), in the order in which they were given."""
    drawn = sorted(range(len(options)), key=lambda place: share(seed, *parts, place))[:count]
    return tuple(options[place] for place in sorted(drawn))

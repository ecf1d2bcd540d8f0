"""Which of several best assignments is taken: the one whose pairs drew the greatest lots.

Lots are drawn from the two employee numbers alone. Every best assignment, and no other, pairs only where the
prices are tight, places everybody with a profit and fills every mentor with a price. So among these pairs the
lots can be summed up and made greatest without a look at the weights, whatever solver found the prices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine import sides
from services.matching.engine.state import Wide

Places = npt.NDArray[np.int64] | npt.NDArray[np.int32]
Draws = npt.NDArray[np.uint64]

LOTS_MAX = 1 << 32
ROOM = 1 << 58
ROWS = 512


@dataclass(frozen=True, slots=True)
class Tight:
    """The pairs that best assignments are made of: rows, columns, and what each counts in the choice."""

    row: Wide
    column: Wide
    gain: Wide


def tight(
    weights: sides.Integers,
    prices: tuple[Wide, Wide],
    seats: sides.Integers,
    numbers: tuple[Sequence[str], Sequence[str]],
) -> Tight:
    """The tight pairs at (price, profit), each with its lot and with what must not be lost on top of it."""
    price, profit = prices
    row, column = _pairs(weights, price, profit, seats)
    must = (profit[row] > 0).astype(np.int64) + (price[column] > 0)
    return Tight(row, column, gains(row, column, must, numbers))


def gains(row: Places, column: Places, must: Wide, numbers: tuple[Sequence[str], Sequence[str]]) -> Wide:
    """What tight pairs count in the choice: their lots, on top of what `must` not be lost (0, 1 or 2 each).

    All lots together are less than one step of what must be placed or filled.
    """
    steps = _steps(len(numbers[0]), len(numbers[1]))
    lots = _lots(_draws(numbers[0])[row], _draws(numbers[1])[column], steps)
    return must * (len(numbers[0]) * steps) + lots


def _pairs(weights: sides.Integers, price: Wide, profit: Wide, seats: sides.Integers) -> tuple[Wide, Wide]:
    rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for first in range(0, len(weights), ROWS):
        block = weights[first : first + ROWS]
        here = (block == profit[first : first + ROWS, None] + price) & (block > 0) & (seats > 0)
        row, column = np.nonzero(here)
        rows.append(row + first)
        columns.append(column)
    return np.concatenate(rows), np.concatenate(columns)


def _steps(mentees: int, mentors: int) -> int:
    """How many different lots there are: as many as can be summed up exactly by any solver."""
    return min(LOTS_MAX, ROOM // ((2 * mentees + 1) * (mentees + mentors + 4)))


def _lots(row: Draws, column: Draws, steps: int) -> Wide:
    """One lot of 0 to steps − 1 per pair of draws, mixed as in S. Vigna's SplitMix64."""
    mixed = row ^ (column * np.uint64(0x9E3779B97F4A7C15))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    lots: Wide = ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(steps)).astype(np.int64)
    return lots


def _draws(numbers: Sequence[str]) -> Draws:
    """64 bits drawn from each number."""
    hashes = [hashlib.blake2b(number.encode(), digest_size=8).digest() for number in numbers]
    return np.frombuffer(b"".join(hashes), "<u8").astype(np.uint64)

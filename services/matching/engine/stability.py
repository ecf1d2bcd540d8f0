"""Who would rather have each other: the pairs that keep a solution from being stable, at several margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.matching.engine import index as arrays
from services.matching.engine import scoring, sides
from services.matching.engine.state import NOBODY, Wide

MARGINS = (0.0, 0.02, 0.05, 0.10)
BLOCK_PAIRS = 1 << 20


@dataclass(frozen=True, slots=True)
class Blocking:
    """How many feasible pairs would gain more than `margin` on both sides by leaving what they have."""

    margin: float
    pairs: int


def blocking(index: arrays.Index, weights: sides.Integers, partner: Wide) -> tuple[Blocking, ...]:
    """A mentee compares with their mentor, a full mentor with the mentee who gives them least; having nobody,
    or a free seat, is worth 0. By the two utilities, in [0, 1], of the score."""
    mentee, mentor = content(index, partner)
    counts = dict.fromkeys(MARGINS, 0)
    step = max(1, BLOCK_PAIRS // max(1, weights.shape[1]))
    for first in range(0, len(weights), step):
        rows = slice(first, min(first + step, len(weights)))
        u, v = scoring.utilities(index, rows, slice(None))
        gain = np.minimum(u - mentee[rows, None], v - mentor)[weights[rows] > 0]
        for margin in MARGINS:
            counts[margin] += int(np.count_nonzero(gain > np.float32(margin)))
    return tuple(Blocking(margin, pairs) for margin, pairs in counts.items())


def content(index: arrays.Index, partner: Wide) -> tuple[sides.Floats, sides.Floats]:
    """What each mentee has, and what each mentor's least seat gives them."""
    mentee = np.zeros(len(partner), np.float32)
    least = np.full(len(index.seats), np.inf, np.float32)
    placed = np.flatnonzero(partner != NOBODY)
    mentee[placed], worth = scoring.utilities_of(index, placed, partner[placed])
    np.minimum.at(least, partner[placed], worth)
    load = np.bincount(partner[partner != NOBODY], minlength=len(index.seats))
    return mentee, np.where(load < index.seats, np.float32(0), least)

"""Prices for pairs that are the best already, so that a solver without prices gets the same proof."""

from __future__ import annotations

import numpy as np

from services.matching.engine import sides
from services.matching.engine.state import NOBODY, Wide

ROWS = 512


def of_best(weights: sides.Integers, seats: sides.Integers, partner: Wide) -> tuple[Wide, Wide]:
    """The lowest prices [m] and the profits [n] that support the best pairs, by Bellman and Ford.

    A price rises until nobody would rather pay it than keep what they have; where the pairs are the best
    there is no circle of such rises, so after at most one pass per mentor they come to rest.
    """
    placed = np.flatnonzero(partner != NOBODY)
    price = np.zeros(len(seats), np.int64)
    profit = np.zeros(len(partner), np.int64)
    for _ in range(len(seats) + 1):
        profit[placed] = weights[placed, partner[placed]] - price[partner[placed]]
        asked = claims(weights, profit)
        if bool((asked <= price).all()):
            return price, profit
        price = np.maximum(price, asked)
    raise ArithmeticError("the pairs are not the best: their prices never come to rest")


def claims(weights: sides.Integers, profit: Wide) -> Wide:
    """What the most interested mentee would pay for a seat of each mentor [m], 0 or more."""
    asked = np.zeros(weights.shape[1], np.int64)
    for first in range(0, len(weights), ROWS):
        rows = slice(first, first + ROWS)
        np.maximum(asked, (weights[rows] - profit[rows, None]).max(axis=0, initial=0), out=asked)
    return asked

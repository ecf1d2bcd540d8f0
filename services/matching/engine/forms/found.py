"""What every form of programme answers, on arrays: who is with whom, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.matching.engine import assign
from services.matching.engine.state import NOBODY, Wide

Proof = Literal["prices", "slots", "no-blocking-pair", "halves", "relaxation"]


@dataclass(frozen=True, slots=True)
class Found:
    """`partner` [n]: the column of each row, or NOBODY; `slot` [n]: the slot of each row, if there are any.

    `value` is the sum of the weights, and nothing of this form is worth more than `bound`. `proof` says how
    `price` [m] and `profit` [n], at least 0 each, show it:

    - prices: profit + price covers every pair; Σ profit + Σ price · seats = bound = value.
    - slots (flash talks): the same with the prices of every mentor in every slot.
    - no-blocking-pair: the pairs are stable over all pairs; prices and bound are those of the best welfare,
      so bound − value is what stability costs.
    - halves (peers): the amounts of two people, in `profit`, cover twice their weight; ⌊Σ / 2⌋ = bound.
    - relaxation (circles): the bound is that of the integer program, or of the same market without the lower
      quota, whose prices these are.
    """

    partner: Wide
    slot: Wide
    price: Wide
    profit: Wide
    value: int
    bound: int
    proof: Proof
    solver: assign.Solver

    @property
    def ratio(self) -> float:
        """How much of the bound was reached; 1 is proven best."""
        return self.value / self.bound if self.bound else 1.0


def of(assigned: assign.Assigned, *, proof: Proof = "prices") -> Found:
    """The answer of a form that is an assignment."""
    return Found(
        partner=assigned.partner,
        slot=no_slots(len(assigned.partner)),
        price=assigned.price,
        profit=assigned.profit,
        value=assigned.value,
        bound=assigned.bound,
        proof=proof,
        solver=assigned.solver,
    )


def no_slots(rows: int) -> Wide:
    return np.full(rows, NOBODY, np.int64)

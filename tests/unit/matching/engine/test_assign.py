from __future__ import annotations

import numpy as np
import pytest

from services.matching.engine import assign, sides
from services.matching.engine.assign import Assigned
from tests.unit.matching.engine import checker

FEW = 50


def a_matrix(seed: int, kind: str) -> tuple[sides.Integers, sides.Integers]:
    """Weights where one side's favourites are no guide to the best pairs, and seats."""
    draw = np.random.default_rng(seed)
    n, m = int(draw.integers(30, 150)), int(draw.integers(20, 60))
    made = {
        "drawn": lambda: draw.integers(0, 100_001, (n, m)),
        "one taste for all": lambda: np.outer(np.ones(n), draw.integers(1, 100_000, m)),
        "products": lambda: np.outer(draw.integers(1, 300, n), draw.integers(1, 300, m)),
        "equal": lambda: np.full((n, m), 70_000),
    }[kind]()
    weights = np.where(draw.random((n, m)) < 0.6, made, 0).astype(np.int32)
    return weights, draw.integers(0, 4, m).astype(np.int32)


def what_is_wrong(weights: sides.Integers, seats: sides.Integers, found: Assigned) -> list[str]:
    return checker.what_is_wrong(
        {(int(i), int(j)): int(weights[i, j]) for i, j in np.argwhere(weights)},
        dict(enumerate(seats.tolist())),
        {i: j for i, j in enumerate(found.partner.tolist()) if j >= 0},
        (dict(enumerate(found.profit.tolist())), dict(enumerate(found.price.tolist())), found.value),
    )


@pytest.mark.parametrize("kind", ["drawn", "one taste for all", "products", "equal"])
@pytest.mark.parametrize("seed", range(4))
def test_lists_of_the_best_and_all_pairs_and_the_flow_find_the_same_pairs(seed: int, kind: str) -> None:
    weights, seats = a_matrix(seed, kind)
    numbers = [str(i) for i in range(weights.shape[0])], [str(j) for j in range(weights.shape[1])]
    listed = assign.best(weights, seats, numbers, solver="graph", edges_max=FEW)
    whole = assign.best(weights, seats, numbers, solver="graph")
    flow = assign.best(weights, seats, numbers, solver="flow")
    for found in (listed, whole, flow):
        assert what_is_wrong(weights, seats, found) == [], f"seed {seed}"
        assert found.value == found.bound == flow.value
    assert listed.partner.tolist() == whole.partner.tolist() == flow.partner.tolist(), f"seed {seed}"

"""The `matching` package: stable pairs from whole lists (hospitals and residents)."""

from __future__ import annotations

import sys

import numpy as np
from matching.games import HospitalResident

from tests.bench.matching import worker
from tests.bench.matching.worker import Clock, Found, Spec

RECURSION_MAX = 1_000_000


def stable(spec: Spec) -> Found:
    """`u`, `v` [n, m]: what a pair is worth to the mentee and to the mentor; everybody lists everybody."""
    with np.load(spec["lists"]) as kept:
        u, v, capacity = kept["u"], kept["v"], kept["capacity"]
    wishes = {i: np.argsort(-row).tolist() for i, row in enumerate(u)}
    offers = {j: np.argsort(-column).tolist() for j, column in enumerate(v.T)}
    seats = dict(enumerate(capacity.tolist()))
    # The package copies its players, who know each other, deeply.
    sys.setrecursionlimit(RECURSION_MAX)
    clock = Clock()
    game = HospitalResident.create_from_dictionaries(wishes, offers, seats)
    solved = game.solve(optimal="resident")
    found = clock.read()
    mate = [-1] * len(u)
    for mentor, mentees in solved.items():
        for mentee in mentees:
            mate[mentee.name] = mentor.name
    return {**found, "mate": mate}


if __name__ == "__main__":
    worker.run({"stable": stable})

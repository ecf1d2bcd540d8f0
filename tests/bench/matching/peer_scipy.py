"""SciPy's two assignment solvers, on the finished matrix and on the sparse graph; only they are timed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from tests.bench.matching import worker
from tests.bench.matching.worker import Clock, Found, Spec

ROWS = 512


def dense(spec: Spec) -> Found:
    """A row per mentee and a column per seat, as SciPy's own example has it."""
    worth = _matrix(spec["weights"], np.load(spec["capacity"]))
    clock = Clock()
    rows, columns = linear_sum_assignment(worth, maximize=True)
    found = clock.read()
    return {**found, "value": int(worth[rows, columns].sum()), "matrix_mb": worth.nbytes / 1e6}


def _matrix(path: str, capacity: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """[mentees, seats]; the file is let go of before anything is measured."""
    weights = np.load(path, mmap_mode="r")
    worth = np.empty((len(weights), int(capacity.sum())))
    for begin in range(0, len(weights), ROWS):
        worth[begin : begin + ROWS] = np.repeat(weights[begin : begin + ROWS], capacity, axis=1)
    return worth


def sparse(spec: Spec) -> Found:
    """A column per seat, and one per mentee for staying alone: SciPy knows full matchings only."""
    one = worker.graph(spec["graph"])
    most = int(one.weight.max()) + 1
    first = np.cumsum(one.capacity) - one.capacity
    copies = one.capacity[one.col]
    row = np.concatenate((np.repeat(one.row, copies), np.arange(one.mentees)))
    within = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    seat = np.repeat(first[one.col], copies) + within
    column = np.concatenate((seat, one.capacity.sum() + np.arange(one.mentees)))
    cost = np.concatenate((most - np.repeat(one.weight, copies), np.full(one.mentees, most)))
    shape = one.mentees, int(one.capacity.sum()) + one.mentees
    table = csr_array((cost.astype(np.float64), (row, column)), shape=shape)
    clock = Clock()
    rows, columns = min_weight_full_bipartite_matching(table)
    found = clock.read()
    return {**found, "value": int((most - table[rows, columns]).sum())}


if __name__ == "__main__":
    worker.run({"dense": dense, "sparse": sparse})

"""Maximum-weight matching of mentees to seats, exact, by min-cost flow (OR-tools)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow  # type: ignore[import-untyped]

from services.matching.engine import sides

NOBODY = -1
TIE_STEPS = 1 << 10

Wide = npt.NDArray[np.int64]


def assign(
    weights: sides.Integers, seats: sides.Integers, mentees: Sequence[str], mentors: Sequence[str]
) -> sides.Integers:
    """The column of each row's partner [n], NOBODY where it has none, with the greatest sum of weights.

    A pair of weight 0 is never made and no column gets more rows than its seats. Among solutions of the same
    sum the one wins whose pairs drew the greatest lots: each below TIE_STEPS and drawn from the two numbers
    alone, added under the last digit of the weights, where all lots together cannot change the sum.
    """
    rows, columns = (found.astype(np.int32) for found in np.nonzero(weights * (seats > 0)))
    partner = np.full(len(mentees), NOBODY, np.int32)
    if len(rows) == 0:
        return partner
    lots = _lots(mentees)[rows] ^ _lots(mentors)[columns]
    lots = (lots * np.int64(0x9E3779B1) >> np.int64(16)) % TIE_STEPS
    gains = weights[rows, columns].astype(np.int64) * (len(mentees) * TIE_STEPS) + lots
    taken = _flow(rows, columns, gains, seats)
    partner[rows[taken]] = columns[taken]
    return partner


def _lots(numbers: Sequence[str]) -> Wide:
    return np.array([zlib.crc32(number.encode()) >> 1 for number in numbers], np.int64)


def _flow(
    rows: sides.Integers, columns: sides.Integers, gains: Wide, seats: sides.Integers
) -> npt.NDArray[np.bool_]:
    """Which of the pairs carry flow: source → mentees → mentors → sink, with a free way past for the rest."""
    mentees, mentors = int(rows.max()) + 1, len(seats)
    source, sink = mentees + mentors, mentees + mentors + 1
    graph = min_cost_flow.SimpleMinCostFlow()
    arcs = graph.add_arcs_with_capacity_and_unit_cost(
        rows, columns + mentees, np.ones(len(rows), np.int64), -gains
    )
    for mentee in range(mentees):
        graph.add_arc_with_capacity_and_unit_cost(source, mentee, 1, 0)
    for mentor, free in enumerate(seats.tolist()):
        graph.add_arc_with_capacity_and_unit_cost(mentees + mentor, sink, free, 0)
    graph.add_arc_with_capacity_and_unit_cost(source, sink, mentees, 0)
    graph.set_nodes_supplies([source, sink], [mentees, -mentees])
    status = graph.solve()
    if status != graph.OPTIMAL:
        raise ArithmeticError(f"the flow solver answered {status}")
    return np.asarray(graph.flows(arcs)) > 0

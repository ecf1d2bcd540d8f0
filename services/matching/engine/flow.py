"""Maximum-weight assignment by min-cost flow (OR-tools): the oracle, and what serves without a compiler."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.matching.engine import on_demand
from services.matching.engine.state import NOBODY, Wide


def assign(row: Wide, column: Wide, gain: Wide, *, mentees: int, seats: npt.NDArray[np.int32]) -> Wide:
    """The column of each row's partner [mentees], NOBODY where it has none, with the greatest sum of gains.

    A pair is (row, column) and worth its gain, above 0. No column gets more rows than its seats.
    """
    partner = np.full(mentees, NOBODY, np.int64)
    open_to = seats[column] > 0
    if open_to.any():
        row, column, gain = row[open_to], column[open_to], gain[open_to]
        taken = _flow(row.astype(np.int32), column.astype(np.int32), gain, seats)
        partner[row[taken]] = column[taken]
    return partner


def _flow(
    rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int32], gains: Wide, seats: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Which of the pairs carry flow: source → mentees → mentors → sink, with a free way past for the rest."""
    mentees, mentors = int(rows.max()) + 1, len(seats)
    source, sink = mentees + mentors, mentees + mentors + 1
    graph = on_demand.min_cost_flow().SimpleMinCostFlow()
    arcs = graph.add_arcs_with_capacity_and_unit_cost(
        rows, columns + np.int32(mentees), np.ones(len(rows), np.int64), -gains
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

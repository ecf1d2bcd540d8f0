"""OR-tools' min-cost flow on a sparse graph: `solve()` alone is timed."""

from __future__ import annotations

import numpy as np
from ortools.graph.python import min_cost_flow

from tests.bench.matching import worker
from tests.bench.matching.worker import Clock, Found, Graph, Spec


def flow(spec: Spec) -> Found:
    """Source → mentees → mentors → sink; whoever is left goes from source to sink for nothing."""
    return best(worker.graph(spec["graph"]))


def many(spec: Spec) -> Found:
    """Several graphs in one process, each as often as asked."""
    return {
        name: [best(worker.graph(path)) for _ in range(spec["repeats"])]
        for name, path in spec["graphs"].items()
    }


def best(one: Graph) -> Found:
    mentees, mentors = one.mentees, len(one.capacity)
    source, sink = mentees + mentors, mentees + mentors + 1
    solver = min_cost_flow.SimpleMinCostFlow()
    people, seats = np.arange(mentees), np.arange(mentors)
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        one.row, one.col + mentees, np.ones(len(one.col), np.int64), -one.weight
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        np.full(mentees, source), people, np.ones(mentees, np.int64), np.zeros(mentees, np.int64)
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        seats + mentees, np.full(mentors, sink), one.capacity, np.zeros(mentors, np.int64)
    )
    solver.add_arc_with_capacity_and_unit_cost(source, sink, mentees, 0)
    solver.set_nodes_supplies([source, sink], [mentees, -mentees])
    clock = Clock()
    status = solver.solve()
    found = clock.read()
    assert status == solver.OPTIMAL, status
    taken = np.asarray(solver.flows(arcs)) > 0
    return {**found, "value": int(one.weight[taken].sum())}


if __name__ == "__main__":
    worker.run({"flow": flow, "many": many})

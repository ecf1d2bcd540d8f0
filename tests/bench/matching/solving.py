"""Ours: compiling, and the solver's stage on graphs that are there already."""

from __future__ import annotations

from pathlib import Path

from services.matching import engine
from tests.bench.matching import graphs, worker
from tests.bench.matching.worker import Clock, Found, Graph, Spec


def cold(spec: Spec) -> Found:
    """Everything is compiled; the caller gives a cache with nothing in it."""
    clock = Clock()
    engine.warm()
    return {**clock.read(), "value": int(engine.is_warm())}


def solver(spec: Spec) -> Found:
    """Each graph as often as asked, kernels warm."""
    engine.warm()
    return {
        name: [solved(worker.graph(path)) for _ in range(spec["repeats"])]
        for name, path in spec["graphs"].items()
    }


def solved(one: Graph) -> Found:
    clock = Clock()
    found = engine.solve_graph(*one)
    return {**clock.read(), "value": found.value, "gap": found.bound - found.value}


def hard_graphs(spec: Spec) -> Found:
    """Writes the graphs; the answer is where."""
    found = {}
    for name, one in graphs.hard(spec["mentees"], spec["seed"]).items():
        found[name] = str(Path(spec["folder"]) / f"{name}.npz")
        one.save(Path(found[name]))
    return found

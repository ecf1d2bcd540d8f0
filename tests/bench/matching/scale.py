"""Ours: whole markets from arrays in memory to the proven solution, and what the peers need of them."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from services.matching import engine
from services.matching.engine import graph, outcome, pack, survey
from services.matching.engine import index as arrays
from services.matching.engine.index import Index
from services.matching.engine.pack import Packed
from services.matching.engine.survey import Crew
from tests.bench.matching import crowd
from tests.bench.matching.worker import Clock, Found, Graph, Spec

OUT_OF_REACH = 1 << 29
LOOK_ADDS = 8


def market(spec: Spec) -> Found:
    """Writes the company as arrays alone: nobody's answers are kept as values of their own."""
    whole = crowd.market(spec["mentees"], mentors=spec.get("mentors"), seed=spec["seed"])
    clock = Clock()
    index = arrays.build(whole)
    found = clock.read()
    nobody = engine.Market(mentees=(), mentors=(), rules=whole.rules)
    with Path(spec["index"]).open("wb") as file:
        pickle.dump(replace(index, whole=nobody, mentees=(), mentors=()), file)
    return found


def kept(spec: Spec) -> Index:
    """The arrays of a company that was written, with the kernels warm."""
    engine.warm()
    with Path(spec["index"]).open("rb") as file:
        index: Index = pickle.load(file)
    return index


def crew() -> Crew:
    """As many threads as the product takes."""
    return outcome.crew(graph.never, lambda share: None)


def proven(spec: Spec) -> Found:
    """Index, lists, solution and proof; `bare` is one look at all pairs that nothing is made of."""
    index = kept(spec)
    bare = min(_bare(pack.pack(index)) for _ in range(2))
    clock = Clock()
    found = outcome.solve_index(index)
    measured = clock.read()
    pairs = len(index.left.numbers) * len(index.right.numbers)
    until = time.perf_counter() + spec["early"] * bare
    early = outcome.solve_index(index, stop=lambda: time.perf_counter() >= until) if spec["early"] else found
    return {
        **measured,
        "value": found.value,
        "gap": found.bound - found.value,
        "looks": found.looks,
        "bare": bare,
        "pairs": pairs,
        "feasible": found.feasible / pairs,
        "early": early.value / found.value,
    }


def _bare(packed: Packed) -> float:
    """Seconds for the weights of all pairs, none of which reaches the profits that are asked."""
    duals = np.zeros(len(packed.column), np.int64), np.full(len(packed.row), OUT_OF_REACH, np.int64)
    began = time.perf_counter()
    survey.look(packed, duals, crew(), added=LOOK_ADDS)
    return time.perf_counter() - began


def matrix(spec: Spec) -> Found:
    """Writes the weights of all pairs and the mentors' seats."""
    index = kept(spec)
    packed = pack.pack(index)
    table = np.lib.format.open_memmap(
        spec["weights"], mode="w+", dtype=np.int32, shape=(len(packed.row), len(packed.column))
    )
    for row, weights in enumerate(survey.weights(packed)):
        table[row] = weights
    table.flush()
    np.save(spec["capacity"], pack.seats(packed, index))
    return {}


def lists(spec: Spec) -> Found:
    """Writes the sparse graph that the solver starts from: the best 16 of each mentee and of each mentor."""
    index = kept(spec)
    packed = pack.pack(index)
    listed = survey.listing(packed, crew())
    ptr = np.searchsorted(listed.row, np.arange(len(packed.row) + 1)).astype(np.int64)
    Graph(ptr, listed.place, listed.weight, pack.seats(packed, index)).save(Path(spec["graph"]))
    return {"edges": len(listed.place)}


def one_sided(spec: Spec) -> Found:
    """Writes the graph of the best so many mentors of each mentee, or of all feasible pairs."""
    index = kept(spec)
    packed = pack.pack(index)
    seats, most = pack.seats(packed, index), spec["listed"]
    columns, weights, degree = [], [], []
    for row in survey.weights(packed):
        place = np.flatnonzero((row > 0) & (seats > 0))
        if most is not None and len(place) > most:
            place = np.sort(place[np.argpartition(-row[place], most - 1)[:most]])
        columns.append(place.astype(np.int32))
        weights.append(row[place])
        degree.append(len(place))
    ptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(degree)))
    one = Graph(ptr, np.concatenate(columns), np.concatenate(weights), seats)
    one.save(Path(spec["graph"]))
    return {"edges": len(one.col)}

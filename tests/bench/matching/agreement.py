"""Whoever is compared does the same job: on small inputs every peer finds what we find."""

from __future__ import annotations

import numpy as np

from tests.bench.ground import Failed
from tests.bench.matching.stage import Stage, same_value

GRAPH_MENTEES = 60
LISTED = 30
PEERS = 120


def of_peers(stage: Stage) -> None:
    """Raises Failed where a peer does not run, or finds anything else than we do."""
    _solvers(stage)
    _stable(stage)
    _blossom(stage)


def _solvers(stage: Stage) -> None:
    path = stage.ours("hard graphs", folder=stage.home, mentees=GRAPH_MENTEES, seed=1)["iid"]
    ours = stage.ours("solver", graphs={"iid": path}, repeats=1)["iid"][0]
    same_value("OR-tools", ours["value"], stage.peer("peer_ortools", "flow", graph=path)["value"])
    same_value("SciPy, sparse", ours["value"], stage.peer("peer_scipy", "sparse", graph=path)["value"])
    with np.load(path) as kept:
        weights = np.zeros((GRAPH_MENTEES, len(kept["capacity"])), np.int32)
        weights[np.repeat(np.arange(GRAPH_MENTEES), np.diff(kept["ptr"])), kept["col"]] = kept["weight"]
        np.save(stage.home / "weights.npy", weights)
        np.save(stage.home / "capacity.npy", kept["capacity"])
    files = {"weights": stage.home / "weights.npy", "capacity": stage.home / "capacity.npy"}
    same_value("SciPy, dense", ours["value"], stage.peer("peer_scipy", "dense", **files)["value"])


def _stable(stage: Stage) -> None:
    lists = stage.home / "lists.npz"
    ours = stage.ours("stable lists", mentees=LISTED, seed=1, lists=lists)
    if stage.peer("peer_matching", "stable", lists=lists)["mate"] != ours["mate"]:
        raise Failed("the matching package finds other stable pairs")


def _blossom(stage: Stage) -> None:
    weights = stage.home / "peers.npy"
    ours = stage.ours("peer pairs", people=PEERS, seed=1, weights=weights)
    theirs = stage.peer("peer_rustworkx", "blossom", weights=weights)
    if not ours["value"] <= theirs["value"] <= ours["bound"]:
        raise Failed(f"blossom's {theirs['value']} is not between {ours['value']} and {ours['bound']}")

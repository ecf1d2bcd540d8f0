"""The product's side of every measurement, each in a process of its own (see `worker`)."""

from __future__ import annotations

from tests.bench.matching import equals, fairness, forced, solving, worker

MEASUREMENTS = {
    "cold": solving.cold,
    "solver": solving.solver,
    "hard graphs": solving.hard_graphs,
    "stable lists": equals.stable_lists,
    "peer pairs": equals.peer_pairs,
    "forced pairs": forced.forced_pairs,
    "balanced groups": fairness.balanced,
}

if __name__ == "__main__":
    worker.run(MEASUREMENTS)

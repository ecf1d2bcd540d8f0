"""The product's side of every measurement, each in a process of its own (see `worker`)."""

from __future__ import annotations

from tests.bench.matching import equals, fairness, following, forced, scale, service, solving, worker

MEASUREMENTS = {
    "cold": solving.cold,
    "solver": solving.solver,
    "hard graphs": solving.hard_graphs,
    "stable lists": equals.stable_lists,
    "peer pairs": equals.peer_pairs,
    "forced pairs": forced.forced_pairs,
    "events": following.events,
    "standing": following.standing,
    "searches": following.searches,
    "market": scale.market,
    "proven": scale.proven,
    "matrix": scale.matrix,
    "lists": scale.lists,
    "one-sided": scale.one_sided,
    "balanced groups": fairness.balanced,
    "projected": service.projected,
    "answering": service.answering,
}

if __name__ == "__main__":
    worker.run(MEASUREMENTS)

"""The product's side of every measurement, each in a process of its own (see `worker`)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from tests.bench.matching import worker
from tests.bench.matching.worker import Found, Spec

PLACES = {
    "cold": "solving.cold",
    "solver": "solving.solver",
    "hard graphs": "solving.hard_graphs",
    "stable lists": "equals.stable_lists",
    "peer pairs": "equals.peer_pairs",
    "forced pairs": "forced.forced_pairs",
    "events": "following.events",
    "standing": "following.standing",
    "searches": "following.searches",
    "market": "scale.market",
    "proven": "scale.proven",
    "matrix": "scale.matrix",
    "lists": "scale.lists",
    "one-sided": "scale.one_sided",
    "balanced groups": "fairness.balanced",
    "projected": "service.projected",
    "answering": "service.answering",
}


def _of(place: str) -> Callable[[Spec], Found]:
    """Only what is measured is imported: the service around the engine weighs as much as the engine."""

    def measure(spec: Spec) -> Found:
        module, _, name = place.partition(".")
        found: Found = getattr(import_module(f"tests.bench.matching.{module}"), name)(spec)
        return found

    return measure


MEASUREMENTS = {called: _of(place) for called, place in PLACES.items()}

if __name__ == "__main__":
    worker.run(MEASUREMENTS)

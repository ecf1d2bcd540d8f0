"""rustworkx: the exact best pairs of one group of people (blossom)."""

from __future__ import annotations

import numpy as np
import rustworkx

from tests.bench.matching import worker
from tests.bench.matching.worker import Clock, Found, Spec


def blossom(spec: Spec) -> Found:
    weights = np.load(spec["weights"])
    row, column = np.nonzero(np.triu(weights))
    group = rustworkx.PyGraph(multigraph=False)
    group.add_nodes_from(range(len(weights)))
    group.add_edges_from(list(zip(row.tolist(), column.tolist(), weights[row, column].tolist(), strict=True)))
    clock = Clock()
    pairs = rustworkx.max_weight_matching(group, weight_fn=int)
    found = clock.read()
    return {**found, "value": sum(int(weights[one, other]) for one, other in pairs), "pairs": len(pairs)}


if __name__ == "__main__":
    worker.run({"blossom": blossom})

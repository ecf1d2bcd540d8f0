"""Every kernel compiled, or loaded as it was compiled before: no solution and no event waits for that."""

from __future__ import annotations

import numpy as np

from services.matching.engine import auction, compiled, kernels, moves, outcome, pack, scan, survey, turning
from services.matching.engine import index as arrays
from services.matching.engine.following import LiveMarket
from services.matching.engine.graph import never
from services.matching.engine.market import Goal, Market, Mentee, Mentor

KERNELS = (
    *(auction.open_round, auction.bids, auction.seat_owners),
    *(kernels.tighten, kernels.fill_all, kernels.insert_all, kernels.appraise, turning.by_columns),
    *(scan.list_best, scan.list_missed, scan.count_blocking, scan.weights_of, scan.weights_with),
    scan.best_of,
    *(moves.mentee_comes, moves.mentee_goes, moves.seats_change, moves.mentor_goes, moves.pair_goes),
    *(moves.pair_forbidden, moves.put_edges, moves.settle, moves.seat_all),
)


def is_warm() -> bool:
    """Whether every kernel is compiled. Never, where nothing can be compiled."""
    return all(compiled.is_ready(one) for one in KERNELS)


def warm() -> None:
    """Seconds, once per process: one small market is solved and followed through all its events.

    Does nothing where nothing can be compiled: there the flow serves.
    """
    if not compiled.can_compile():
        return
    mentee = Mentee(number="1", hours=15, languages=frozenset({"en"}), goals=(Goal("a"),))
    mentor = Mentor(number="2", hours=15, languages=frozenset({"en"}), skills={"a": 1})
    market = Market(mentees=(mentee,), mentors=(mentor,), managers={"1": None, "2": None})
    index = arrays.build(market)
    outcome.of_looks(index, outcome.crew(never, lambda _: None))
    survey.top(pack.pack(index), 0, 1, pack.room())
    live = LiveMarket(market)
    nobody = np.zeros(0, np.int32)
    kernels.fill_all(live.state, nobody)
    kernels.insert_all(live.state, nobody)
    live.mentee_leaves("1")
    live.mentor_leaves("2")
    live.mentor_joins(mentor)
    live.mentee_joins(mentee)
    live.pair_leaves("1")
    live.mentee_joins(mentee)
    live.block("1", "2")

"""What a market comes to: by looks at all pairs where the kernels are compiled, else from all its weights.

Both ways lead to the same pairs and the same proof. The first never holds all pairs, so it is the way of any
market of its form that is solved for welfare; the second is that of the other forms, and of a process whose
kernels are not ready.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.matching.engine import (
    assign,
    forms,
    pack,
    prove,
    scoring,
    stability,
    survey,
    waiting,
)
from services.matching.engine import index as arrays
from services.matching.engine.graph import Stop, never
from services.matching.engine.market import InvalidMarket
from services.matching.engine.stability import Blocking
from services.matching.engine.state import NOBODY, Wide
from services.matching.engine.survey import Crew
from services.matching.engine.waiting import Waiting

THREADS_MAX = 8
# What a table of all pairs takes at most while it is solved, as measured over all forms; a slot of a flash
# programme is a table by itself.
BYTES_PER_PAIR = 45
BYTES_PER_SLOT = 8
TABLE_BYTES_MAX = 1 << 30
FORMS = ("one-to-one", "reverse")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, how many pairs are possible, who waits and why, and who would rather have each other."""

    found: forms.Found
    feasible: int
    waiting: tuple[Waiting, ...]
    blocking: tuple[Blocking, ...]


def _silent(share: float) -> None:
    """Tells nobody."""


def by_looks(index: arrays.Index) -> bool:
    """Whether a market's form is solved by looks at all pairs."""
    asked = index.whole.rules
    return asked.form in FORMS and asked.mode == "welfare"


def refuse_what_is_too_large(index: arrays.Index, bytes_max: int) -> None:
    """Raises InvalidMarket where a table of all pairs would take more memory than is allowed."""
    if too_large(index, bytes_max):
        asked, people = index.whole.rules, (len(index.left.numbers), len(index.right.numbers))
        raise InvalidMarket(
            "rules.form",
            f"{asked.form}, {asked.mode}: all {people[0]:,} × {people[1]:,} pairs at once take "
            f"{_table_bytes(index) / 1e9:,.1f} GB of memory, and {bytes_max / 1e9:,.1f} GB are allowed. "
            "Divide the programme by site or department, or hold it one-to-one for welfare, which never "
            "holds all pairs",
        )


def too_large(index: arrays.Index, bytes_max: int) -> bool:
    return _table_bytes(index) > bytes_max


def _table_bytes(index: arrays.Index) -> int:
    pairs = len(index.left.numbers) * len(index.right.numbers)
    return pairs * (BYTES_PER_PAIR + BYTES_PER_SLOT * len(index.whole.rules.slots))


def crew(stop: Stop, tell: Callable[[float], None]) -> Crew:
    """As many threads as there are processors, at most eight."""
    return Crew(min(THREADS_MAX, os.cpu_count() or 1), stop, tell)


def solve_index(
    index: arrays.Index, *, stop: Stop = never, tell: Callable[[float], None] = _silent
) -> prove.Proven:
    """The best assignment of the arrays of a market, with its proof, and nothing in words.

    The arrays are those of `index.build`, or made without any people (`mentees` and `mentors` may be empty).
    `tell` hears what part is done, 0 to 1.
    """
    return prove.best(index, pack.pack(index), crew(stop, tell))


def of_looks(index: arrays.Index, hands: Crew) -> Outcome:
    """The outcome of a market of any size."""
    packed = pack.pack(index)
    proven = prove.best(index, packed, hands)
    found = forms.Found(
        partner=proven.partner,
        slot=np.full(len(proven.partner), NOBODY, np.int64),
        price=proven.price,
        profit=proven.profit,
        value=proven.value,
        bound=proven.bound,
        proof="prices",
        solver="graph",
    )
    return Outcome(
        found=found,
        feasible=proven.feasible,
        waiting=waiting.without_partner_of_many(index, (proven.row_fits, proven.column_fits), found.partner),
        blocking=_blocking(index, packed, found.partner, Crew(hands.threads, hands.stop, lambda _: None)),
    )


def of_weights(
    index: arrays.Index, solver: assign.Solver, stop: Stop, tell: Callable[[float], None]
) -> Outcome:
    """The outcome of a market whose pairs can all be held."""
    weights, bad = forms.weighed(index, *scoring.matrix(index))
    tell(0.5)
    found = forms.best(index, weights, solver=solver, stop=stop)
    tell(0.9)
    return Outcome(
        found=found,
        feasible=int(np.count_nonzero(weights)) // (2 if index.whole.rules.form == "peer" else 1),
        waiting=forms.without_partner(index, weights, bad, found),
        blocking=forms.blocking(index, weights, found),
    )


def _blocking(index: arrays.Index, packed: pack.Packed, partner: Wide, hands: Crew) -> tuple[Blocking, ...]:
    has, least = stability.content(index, partner)
    place = np.maximum(packed.column, 0)
    margins = np.array(stability.MARGINS, np.float32)
    counts = survey.blocking(packed, (has[packed.row], least[place]), margins, hands)
    if hands.stop():
        # Who was stopped has not seen all pairs: no count is better than half of one.
        return ()
    return tuple(Blocking(*one) for one in zip(stability.MARGINS, counts.tolist(), strict=True))

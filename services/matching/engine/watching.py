"""How much better other pairs of a changing market could be at most, where not all pairs are known.

Kept are amounts that cover all pairs: those of the last proof, and for whoever came since, what covers their
pairs. Their sum bounds every set of pairs, whatever has happened; it only gets further from the best.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from services.matching.engine import again, graph, outcome
from services.matching.engine.live import Changed, Live, Proof
from services.matching.engine.pack import Packed
from services.matching.engine.sides import Integers
from services.matching.engine.state import NOBODY, Wide

GAP_MAX = 5e-5
ADDED = 8
LOOKS_MAX = 60
SHUT = 1 << 29


@dataclass(slots=True)
class Watch:
    """`profit` by row and `price` by column cover all pairs of people who are here.

    `loose`: rows whose profit covers more than is left since their pair was parted.
    """

    profit: Wide
    price: Wide
    loose: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, live: Live) -> Watch:
        """From a state that covers all pairs."""
        return cls(live.state.profit.copy(), live.state.price.copy())

    def bound(self, live: Live) -> int:
        s = live.state
        self._sized(len(s.profit), len(s.price))
        return int(self.profit.sum() + (self.price * s.seats).sum())

    def value(self, live: Live) -> int:
        s = live.state
        return int(s.profit.sum() + (s.price * s.seats).sum())

    def is_wide(self, live: Live) -> bool:
        value = self.value(live)
        return self.bound(live) - value > GAP_MAX * value

    def mentee(self, live: Live, row: int, weights: Integers) -> None:
        """Covers the pairs of a mentee, by place, with mentors who have seats, and the pair that stands."""
        s = live.state
        self._sized(len(s.profit), len(s.price))
        there = min(len(weights), len(s.price))
        beyond = np.where(s.seats[:there] > 0, weights[:there] - self.price[:there], 0)
        self.profit[row] = max(0, int(beyond.max(initial=0)))
        self.loose.discard(row)
        self._pair(live, row)

    def mentor(self, live: Live, column: int, weights: Integers) -> None:
        """Covers the pairs of a mentor, by row, and those that stand."""
        s = live.state
        self._sized(len(s.profit), len(s.price))
        there = min(len(weights), len(s.profit))
        beyond = np.where(weights[:there] > 0, weights[:there] - self.profit[:there], 0)
        self.price[column] = max(0, int(beyond.max(initial=0)))
        for row in np.flatnonzero(s.mate == column).tolist():
            self._pair(live, row)

    def _pair(self, live: Live, row: int) -> None:
        """Covers the pair of a mentee, who has somebody new or whose pair counts more now."""
        s = live.state
        mentor = s.mate[row]
        if mentor != NOBODY:
            worth = s.profit[row] + s.price[mentor] - self.price[mentor]
            self.profit[row] = max(self.profit[row], worth)

    def gone(self, row: int) -> None:
        self.profit[row] = 0
        self.loose.discard(row)

    def follow(self, live: Live, changed: Changed) -> None:
        """Covers the pairs that an event made, and notes whose profit may be lower now."""
        for mentee, _ in changed.parted:
            row = live.row(mentee)
            if row is not None:
                self.loose.add(row)
        for mentee, _ in changed.made:
            row = live.row(mentee)
            if row is not None:
                self._pair(live, row)

    def proof(self, live: Live, known: Proof) -> Proof:
        """The amounts that cover all pairs, by name."""
        return replace(
            known,
            prices={who: int(self.price[live.column(who)]) for who in known.prices},
            profits={who: int(self.profit[live.row(who)]) for who in known.profits},
            bound=self.bound(live),
        )

    def _sized(self, rows: int, columns: int) -> None:
        self.profit = np.pad(self.profit, (0, max(0, rows - len(self.profit))))
        self.price = np.pad(self.price, (0, max(0, columns - len(self.price))))


def prove(live: Live, packed: Packed) -> list[Changed]:
    """Looks at all pairs until none is left that the prices do not cover; what that changed.

    Raises ArithmeticError if there is no end, which no market is known to have.
    """
    changes: list[Changed] = []
    last: again.Last | None = None
    crew = outcome.crew(graph.never, lambda share: None)
    for looks in range(LOOKS_MAX):
        s = live.state
        price, profit = np.full(len(packed.column), SHUT), np.zeros(len(packed.row), np.int64)
        here = slice(0, min(len(price), len(s.price))), slice(0, min(len(profit), len(s.profit)))
        price[here[0]] = np.where(s.seats > 0, s.price, SHUT)[here[0]]
        profit[here[1]] = s.profit[here[1]]
        found, last = again.look(packed, (price, profit), crew, added=ADDED << min(looks, 6), last=last)
        if len(found.row) == 0:
            return changes
        pairs = found.row.astype(np.int32), found.place.astype(np.int32)
        changes.append(live.learn(*pairs, found.weight))
    raise ArithmeticError(f"no proof after {LOOKS_MAX} looks at all pairs")

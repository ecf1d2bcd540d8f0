"""What the solver works on: a graph of mentees (rows) and mentors (columns), a matching, and its prices.

Invariant between two operations of `kernels`: profit and price are at least 0, profit + price is at least
the weight of every edge and equal to it where the two are matched, whoever has a profit is matched, and a
mentor with a price is full. Then the sum of profits and of price · seats is the greatest possible value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.engine import turning

Wide = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]

NOBODY = -1
UNMOVED = -2
FAR = 1 << 62


class State(NamedTuple):
    """n mentees, m mentors, k = max(n, m). Edges stand in both directions, each list in an arena of its own.

    `row_at`, `row_size`, `row_room` [n]: where a mentee's edges begin in `row_mentor` and `row_weight`, how
    many there are, how many fit; likewise for mentors. `seats`, `load` [m]: a mentor's seats and how many
    are taken, by `owner[seat_at[j]:][:load[j]]`, where `seat_room` fit. `used` [3]: how much of the three
    arenas is taken. `mate` [n]: a mentee's mentor, or NOBODY; `place` [n]: their position in `owner`.
    `distance`, `came`, `spot`, `heap`, `touched` [k], `reached`, `via`, `order` [m], `sizes` [3]: notes of a
    search, blank between two. `moved` [n]: who got or lost a mentor since `moves.settle`, as many as
    `sizes[2]`; `had` [n]: whom they had before, UNMOVED for all others.
    """

    row_at: Wide
    row_size: Wide
    row_room: Wide
    row_mentor: Ids
    row_weight: Wide
    column_at: Wide
    column_size: Wide
    column_room: Wide
    column_mentee: Ids
    column_weight: Wide
    used: Wide
    seats: Wide
    load: Wide
    seat_at: Wide
    seat_room: Wide
    owner: Ids
    place: Wide
    mate: Ids
    profit: Wide
    price: Wide
    distance: Wide
    came: Ids
    spot: Ids
    heap: Ids
    touched: Ids
    reached: Wide
    via: Ids
    order: Ids
    sizes: Wide
    had: Ids
    moved: Ids


def of_graph(ptr: Wide, col: Ids, weight: Wide, seats: Wide) -> State:
    """The edges of a graph in rows (see `graph.solve_graph`), nobody matched, every price 0."""
    mentees, mentors = len(ptr) - 1, len(seats)
    degree = np.bincount(col, minlength=mentors).astype(np.int64)
    column_mentee, column_weight = np.empty(len(col), np.int32), np.empty(len(col), np.int64)
    turning.by_columns(ptr, (col, weight), _starts(degree), (column_mentee, column_weight))
    # A mentor can never have more mentees than edges.
    places = np.minimum(seats, degree)
    return of_nobody(mentees, mentors)._replace(
        row_at=ptr[:-1].copy(),
        row_size=np.diff(ptr),
        row_room=np.diff(ptr),
        row_mentor=col,
        row_weight=weight,
        column_at=_starts(degree),
        column_size=degree.copy(),
        column_room=degree,
        column_mentee=column_mentee,
        column_weight=column_weight,
        used=np.array([len(col), len(col), places.sum()], np.int64),
        seats=seats.copy(),
        seat_at=_starts(places),
        seat_room=places,
        owner=np.full(int(places.sum()), NOBODY, np.int32),
    )


def _starts(sizes: Wide) -> Wide:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)))[:-1].copy()


def of_nobody(mentees: int, mentors: int) -> State:
    """Rows and columns without edges and without seats."""
    both = max(mentees, mentors)
    return State(
        row_at=np.zeros(mentees, np.int64),
        row_size=np.zeros(mentees, np.int64),
        row_room=np.zeros(mentees, np.int64),
        row_mentor=np.zeros(0, np.int32),
        row_weight=np.zeros(0, np.int64),
        column_at=np.zeros(mentors, np.int64),
        column_size=np.zeros(mentors, np.int64),
        column_room=np.zeros(mentors, np.int64),
        column_mentee=np.zeros(0, np.int32),
        column_weight=np.zeros(0, np.int64),
        used=np.zeros(3, np.int64),
        seats=np.zeros(mentors, np.int64),
        load=np.zeros(mentors, np.int64),
        seat_at=np.zeros(mentors, np.int64),
        seat_room=np.zeros(mentors, np.int64),
        owner=np.zeros(0, np.int32),
        place=np.full(mentees, NOBODY, np.int64),
        mate=np.full(mentees, NOBODY, np.int32),
        profit=np.zeros(mentees, np.int64),
        price=np.zeros(mentors, np.int64),
        distance=np.full(both, FAR, np.int64),
        came=np.full(both, NOBODY, np.int32),
        spot=np.full(both, NOBODY, np.int32),
        heap=np.zeros(both, np.int32),
        touched=np.zeros(both, np.int32),
        reached=np.full(mentors, FAR, np.int64),
        via=np.full(mentors, NOBODY, np.int32),
        order=np.zeros(mentors, np.int32),
        sizes=np.zeros(3, np.int64),
        had=np.full(mentees, UNMOVED, np.int32),
        moved=np.zeros(mentees, np.int32),
    )

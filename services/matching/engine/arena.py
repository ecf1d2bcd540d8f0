"""Room for people, edges and seats that come later: a full list moves to the end of its arena."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from services.matching.engine import state as states
from services.matching.engine.state import State, Wide

Store: TypeAlias = npt.NDArray[Any]


class Lists(NamedTuple):
    """Where each list begins in the arena, how long it is, and how long it may become without moving."""

    at: Wide
    size: Wide
    room: Wide


def with_people(s: State, *, mentees: int, mentors: int) -> State:
    """At least so many rows and columns; those added have no edges and no seats."""
    n, m = len(s.mate), len(s.price)
    if mentees <= n and mentors <= m:
        return s
    n = n if mentees <= n else 2 * mentees
    m = m if mentors <= m else 2 * mentors
    blank = states.of_nobody(n, m)
    for old, new in zip(cast(tuple[Store, ...], s), cast(tuple[Store, ...], blank), strict=True):
        new[: len(old)] = old[: len(new)]
    # Arenas are as long as they were; a search has left nothing in its notes.
    return blank._replace(
        row_mentor=s.row_mentor,
        row_weight=s.row_weight,
        column_mentee=s.column_mentee,
        column_weight=s.column_weight,
        owner=s.owner,
    )


def with_edges(s: State, rows: Wide, columns: Wide) -> State:
    """Room for so many edges in each row [n] and each column [m]."""
    row = Lists(s.row_at, s.row_size, s.row_room)
    column = Lists(s.column_at, s.column_size, s.column_room)
    row_mentor, row_weight = _roomier(row, (s.row_mentor, s.row_weight), s.used[0:1], rows)
    column_mentee, column_weight = _roomier(column, (s.column_mentee, s.column_weight), s.used[1:2], columns)
    return s._replace(
        row_mentor=row_mentor, row_weight=row_weight, column_mentee=column_mentee, column_weight=column_weight
    )


def with_seats(s: State, seats: Wide) -> State:
    """Room for so many owners at each mentor [m]."""
    lists = Lists(s.seat_at, s.load, s.seat_room)
    before = s.seat_at.copy()
    (owner,) = _roomier(lists, (s.owner,), s.used[2:3], seats)
    moved = np.flatnonzero(before != s.seat_at)
    taken = positions(s.seat_at[moved], s.load[moved])
    s.place[owner[taken]] = taken
    return s._replace(owner=owner)


def positions(at: Wide, size: Wide) -> Wide:
    """The positions of all elements of lists, one list after the other."""
    found: Wide = np.repeat(at - (np.cumsum(size) - size), size) + np.arange(size.sum(), dtype=np.int64)
    return found


def _roomier(lists: Lists, stores: tuple[Store, ...], used: Wide, wanted: Wide) -> tuple[Store, ...]:
    """Moves the lists that are to become longer than their room to the end; packs all where that is full.

    Changes `lists` and `used` in place and returns the stores, which are new ones where all was packed.
    """
    moved = np.flatnonzero(wanted > lists.room)
    room = 2 * wanted[moved]
    fresh = stores
    begin = int(used[0])
    if begin + int(room.sum()) > len(stores[0]):
        lists.room[moved] = room
        moved, room, begin = np.arange(len(lists.at)), lists.room.copy(), 0
        fresh = tuple(np.zeros(2 * int(room.sum()), store.dtype) for store in stores)
    old = positions(lists.at[moved], lists.size[moved])
    at = begin + np.cumsum(room) - room
    new = positions(at, lists.size[moved])
    for target, store in zip(fresh, stores, strict=True):
        target[new] = store[old]
    lists.at[moved] = at
    lists.room[moved] = room
    used[0] = begin + room.sum()
    return fresh

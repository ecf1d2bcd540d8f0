"""Room for people, edges and seats that come later."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from services.matching.engine import moves
from services.matching.engine import state as states
from services.matching.engine.state import Ids, State, Wide

Store: TypeAlias = npt.NDArray[Any]
FREE = 4
SPARE = 1024


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


def with_edges(s: State, pairs: tuple[Ids, Ids], weights: Wide) -> State:
    """The state with these edges, of mentees and mentors, beside those it has."""
    done = moves.put_edges(s, pairs, weights, 0)
    while done < len(weights):
        s = _roomier(s, len(weights) - done)
        done = moves.put_edges(s, pairs, weights, done)
    return s


def with_seats(s: State, mentor: int, seats: int) -> State:
    """Room for so many owners at a mentor: where there is none, their seats move to the end."""
    if seats <= s.seat_room[mentor]:
        return s
    begin, old = int(s.used[2]), int(s.seat_at[mentor])
    if begin + 2 * seats > len(s.owner):
        more = np.full(begin + 2 * seats + SPARE, states.NOBODY, np.int32)
        s = s._replace(owner=np.concatenate((s.owner, more)))
    taken = s.owner[old : old + s.load[mentor]]
    s.owner[begin : begin + len(taken)] = taken
    s.place[taken] = np.arange(begin, begin + len(taken))
    s.seat_at[mentor] = begin
    s.seat_room[mentor] = 2 * seats
    s.used[2] = begin + 2 * seats
    return s


def positions(at: Wide, size: Wide) -> Wide:
    """The positions of all elements of lists, one list after the other."""
    found: Wide = np.repeat(at - (np.cumsum(size) - size), size) + np.arange(size.sum(), dtype=np.int64)
    return found


def _roomier(s: State, more: int) -> State:
    """All edges in new arenas, with a quarter of room in every list and at the end for so many more."""
    row = Lists(s.row_at, s.row_size, s.row_room)
    column = Lists(s.column_at, s.column_size, s.column_room)
    row_mentor, row_weight = _packed(row, (s.row_mentor, s.row_weight), s.used[0:1], more)
    column_mentee, column_weight = _packed(column, (s.column_mentee, s.column_weight), s.used[1:2], more)
    return s._replace(
        row_mentor=row_mentor, row_weight=row_weight, column_mentee=column_mentee, column_weight=column_weight
    )


def _packed(lists: Lists, stores: tuple[Store, ...], used: Wide, more: int) -> tuple[Store, ...]:
    """Changes `lists` and `used` in place."""
    old = positions(lists.at, lists.size)
    lists.room[:] = lists.size + lists.size // 4 + FREE * (lists.size > 0)
    end = int(lists.room.sum())
    lists.at[:] = np.cumsum(lists.room) - lists.room
    new = positions(lists.at, lists.size)
    used[0] = end
    fresh = tuple(np.zeros(end + end // 4 + 4 * more + SPARE, store.dtype) for store in stores)
    for target, store in zip(fresh, stores, strict=True):
        target[new] = store[old]
    return fresh

"""What one event does to a solved graph: somebody comes or goes, seats change, a pair is forbidden.

After each the invariant of `state` holds again. Who got another mentor is noted in the state, so that what an
event costs does not depend on how many people are here.
"""

from __future__ import annotations

import numpy as np

from services.matching.engine.compiled import kernel, part
from services.matching.engine.kernels import MOVED, claim, fill, insert, leave, margin
from services.matching.engine.state import NOBODY, UNMOVED, Ids, State, Wide


@part
def _fill_up(s: State, mentor: int) -> None:
    while s.price[mentor] > 0 and s.load[mentor] < s.seats[mentor]:
        fill(s, mentor)


@part
def _enter(s: State, mentee: int) -> None:
    s.profit[mentee] = margin(s, mentee)
    insert(s, mentee)


@kernel
def mentee_comes(s: State, mentee: int) -> None:
    """A mentee whose edges are there looks for a seat."""
    _enter(s, mentee)


@kernel
def mentee_goes(s: State, mentee: int) -> None:
    """A mentee leaves with all edges, and their seat is filled."""
    mentor = leave(s, mentee) if s.mate[mentee] != NOBODY else NOBODY
    for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
        _cut_from_column(s, mentee, s.row_mentor[edge])
    s.row_size[mentee] = 0
    s.profit[mentee] = 0
    if mentor != NOBODY:
        _fill_up(s, mentor)


@kernel
def seats_change(s: State, mentor: int, seats: int) -> None:
    """A mentor has so many seats from now on; there is room for their owners."""
    if s.seats[mentor] == 0 and seats > 0:
        s.seats[mentor] = seats
        s.price[mentor] = claim(s, mentor)
    surplus = max(0, s.load[mentor] - seats)
    first = s.seat_at[mentor] + s.load[mentor] - surplus
    out = s.owner[first : first + surplus].astype(np.int64)
    for position in range(surplus - 1, -1, -1):
        leave(s, out[position])
    s.seats[mentor] = seats
    if seats == 0:
        s.price[mentor] = 0
    _fill_up(s, mentor)
    for mentee in out:
        _enter(s, mentee)


@kernel
def mentor_goes(s: State, mentor: int) -> None:
    """A mentor without seats leaves with all edges."""
    for edge in range(s.column_at[mentor], s.column_at[mentor] + s.column_size[mentor]):
        _cut_from_row(s, s.column_mentee[edge], mentor)
    s.column_size[mentor] = 0


@kernel
def pair_goes(s: State, mentee: int) -> None:
    """A mentee leaves with all edges and takes their seat along: nobody else's pair changes."""
    mentor = leave(s, mentee)
    for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
        _cut_from_column(s, mentee, s.row_mentor[edge])
    s.row_size[mentee] = 0
    s.profit[mentee] = 0
    s.seats[mentor] -= 1
    if s.seats[mentor] == 0:
        s.price[mentor] = 0


@kernel
def pair_forbidden(s: State, mentee: int, mentor: int) -> None:
    """These two have no edge any more."""
    _cut_from_row(s, mentee, mentor)
    _cut_from_column(s, mentee, mentor)
    if s.mate[mentee] == mentor:
        leave(s, mentee)
        _fill_up(s, mentor)
        if s.mate[mentee] == NOBODY:
            _enter(s, mentee)


@part
def _cut_from_row(s: State, mentee: int, mentor: int) -> None:
    last = s.row_at[mentee] + s.row_size[mentee] - 1
    for edge in range(s.row_at[mentee], last + 1):
        if s.row_mentor[edge] == mentor:
            s.row_mentor[edge] = s.row_mentor[last]
            s.row_weight[edge] = s.row_weight[last]
            s.row_size[mentee] -= 1
            return


@part
def _cut_from_column(s: State, mentee: int, mentor: int) -> None:
    last = s.column_at[mentor] + s.column_size[mentor] - 1
    for edge in range(s.column_at[mentor], last + 1):
        if s.column_mentee[edge] == mentee:
            s.column_mentee[edge] = s.column_mentee[last]
            s.column_weight[edge] = s.column_weight[last]
            s.column_size[mentor] -= 1
            return


@part
def _room_in_row(s: State, mentee: int) -> bool:
    """Room for one more edge of a mentee: a full list moves to the end with twice the room."""
    size = s.row_size[mentee]
    if size < s.row_room[mentee]:
        return True
    room, begin, old = 2 * size + 2, s.used[0], s.row_at[mentee]
    if begin + room > len(s.row_mentor):
        return False
    for edge in range(size):
        s.row_mentor[begin + edge] = s.row_mentor[old + edge]
        s.row_weight[begin + edge] = s.row_weight[old + edge]
    s.row_at[mentee] = begin
    s.row_room[mentee] = room
    s.used[0] = begin + room
    return True


@part
def _room_in_column(s: State, mentor: int) -> bool:
    size = s.column_size[mentor]
    if size < s.column_room[mentor]:
        return True
    room, begin, old = 2 * size + 2, s.used[1], s.column_at[mentor]
    if begin + room > len(s.column_mentee):
        return False
    for edge in range(size):
        s.column_mentee[begin + edge] = s.column_mentee[old + edge]
        s.column_weight[begin + edge] = s.column_weight[old + edge]
    s.column_at[mentor] = begin
    s.column_room[mentor] = room
    s.used[1] = begin + room
    return True


@kernel
def put_edges(s: State, pairs: tuple[Ids, Ids], weights: Wide, first: int) -> int:
    """Adds edges from the first one on at the end of both lists; answers which one has no room."""
    mentees, mentors = pairs
    for position in range(first, len(weights)):
        mentee, mentor = mentees[position], mentors[position]
        if not _room_in_row(s, mentee) or not _room_in_column(s, mentor):
            return position
        at = s.row_at[mentee] + s.row_size[mentee]
        s.row_mentor[at] = mentor
        s.row_weight[at] = weights[position]
        s.row_size[mentee] += 1
        at = s.column_at[mentor] + s.column_size[mentor]
        s.column_mentee[at] = mentee
        s.column_weight[at] = weights[position]
        s.column_size[mentor] += 1
    return len(weights)


@part
def _rate(s: State, mentee: int, mentor: int, by: int) -> None:
    """Changes what a pair is worth, where it is an edge."""
    for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
        if s.row_mentor[edge] == mentor:
            s.row_weight[edge] += by
    for edge in range(s.column_at[mentor], s.column_at[mentor] + s.column_size[mentor]):
        if s.column_mentee[edge] == mentee:
            s.column_weight[edge] += by


@kernel
def settle(s: State, hysteresis: int, moved: Ids, before: Ids) -> int:
    """Who has another mentor than before all this, and whom they had; how many these are.

    Pairs that were made get the hysteresis, those that were parted lose it: the proof still holds.
    """
    count = 0
    for position in range(s.sizes[MOVED]):
        mentee = s.moved[position]
        old = s.had[mentee]
        s.had[mentee] = UNMOVED
        if old == s.mate[mentee]:
            continue
        moved[count], before[count] = mentee, old
        count += 1
        if hysteresis > 0 and old != NOBODY:
            _rate(s, mentee, old, -hysteresis)
        if hysteresis > 0 and s.mate[mentee] != NOBODY:
            _rate(s, mentee, s.mate[mentee], hysteresis)
            s.profit[mentee] += hysteresis
    s.sizes[MOVED] = 0
    return count


@kernel
def seat_all(s: State, mentees: Ids, mentors: Ids) -> None:
    """These mentees, who have nobody, sit down where they have an edge and a seat is free."""
    for position in range(len(mentees)):
        mentee, mentor = mentees[position], mentors[position]
        for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
            if s.row_mentor[edge] == mentor and s.load[mentor] < s.seats[mentor]:
                seat = s.seat_at[mentor] + s.load[mentor]
                s.load[mentor] += 1
                s.owner[seat] = mentee
                s.place[mentee] = seat
                s.mate[mentee] = mentor
                break

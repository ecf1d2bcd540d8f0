"""The exact part of the solver: one mentee enters, or one seat is filled, along the cheapest chain of moves.

Both are the primal-dual (Hungarian) step for one-to-many assignment: Dijkstra over the reduced costs
profit + price − weight, then the prices are moved by what the search found and the chain is flipped, so that
the invariant of `state` holds again. All integers; ties fall by position, the same way on every machine.
"""

from __future__ import annotations

import numpy as np

from services.matching.engine.compiled import kernel, part
from services.matching.engine.state import FAR, NOBODY, UNMOVED, Ids, State, Wide

HEAP, TOUCHED, MOVED = 0, 1, 2


@part
def _reach(s: State, node: int, distance: int, origin: int) -> None:
    """Notes a shorter way to a node and lifts it in the heap."""
    if s.distance[node] == FAR:
        s.touched[s.sizes[TOUCHED]] = node
        s.sizes[TOUCHED] += 1
    s.distance[node] = distance
    s.came[node] = origin
    at = s.spot[node]
    if at < 0:
        at = s.sizes[HEAP]
        s.sizes[HEAP] += 1
    while at > 0:
        above = s.heap[(at - 1) // 2]
        if s.distance[above] <= distance:
            break
        s.heap[at] = above
        s.spot[above] = at
        at = (at - 1) // 2
    s.heap[at] = node
    s.spot[node] = at


@part
def _take(s: State) -> int:
    """The nearest node of the heap, taken out of it."""
    nearest = s.heap[0]
    s.spot[nearest] = NOBODY
    s.sizes[HEAP] -= 1
    size = s.sizes[HEAP]
    last = s.heap[size]
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and s.distance[s.heap[below + 1]] < s.distance[s.heap[below]]:
            below += 1
        if s.distance[s.heap[below]] >= s.distance[last]:
            break
        s.heap[at] = s.heap[below]
        s.spot[s.heap[at]] = at
        at = below
    if size > 0:
        s.heap[at] = last
        s.spot[last] = at
    return int(nearest)


@part
def _forget(s: State, settled: int) -> None:
    """Blanks the notes of a search that settled so many mentors."""
    for position in range(s.sizes[TOUCHED]):
        node = s.touched[position]
        s.distance[node] = FAR
        s.spot[node] = NOBODY
    for position in range(settled):
        s.reached[s.order[position]] = FAR
    s.sizes[HEAP] = 0
    s.sizes[TOUCHED] = 0


@part
def margin(s: State, mentee: int) -> int:
    """What the best mentor is worth to a mentee beyond the price; 0 where none is."""
    best = 0
    for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
        mentor = s.row_mentor[edge]
        if s.seats[mentor] > 0:
            best = max(best, s.row_weight[edge] - s.price[mentor])
    return best


@part
def claim(s: State, mentor: int) -> int:
    """What a seat of a mentor is worth to the mentee who would gain most by it; 0 where none does."""
    best = 0
    for edge in range(s.column_at[mentor], s.column_at[mentor] + s.column_size[mentor]):
        best = max(best, s.column_weight[edge] - s.profit[s.column_mentee[edge]])
    return best


@part
def note(s: State, mentee: int) -> None:
    """Notes whom a mentee had, before they get or lose a mentor for the first time since `moves.settle`."""
    if s.had[mentee] == UNMOVED:
        s.had[mentee] = s.mate[mentee]
        s.moved[s.sizes[MOVED]] = mentee
        s.sizes[MOVED] += 1


@part
def leave(s: State, mentee: int) -> int:
    """Takes a mentee out of their seat; the last of the mentor's seats moves into the gap."""
    note(s, mentee)
    mentor = s.mate[mentee]
    s.load[mentor] -= 1
    last = s.seat_at[mentor] + s.load[mentor]
    moved = s.owner[last]
    s.owner[s.place[mentee]] = moved
    s.place[moved] = s.place[mentee]
    s.mate[mentee] = NOBODY
    s.place[mentee] = NOBODY
    return int(mentor)


@part
def _sit(s: State, mentee: int, mentor: int, seat: int) -> None:
    note(s, mentee)
    s.owner[seat] = mentee
    s.place[mentee] = seat
    s.mate[mentee] = mentor


@part
def _last_seat(s: State, mentor: int) -> int:
    s.load[mentor] += 1
    return int(s.seat_at[mentor] + s.load[mentor] - 1)


@part
def _ways_of_mentee(s: State, mentee: int, start: int, best: int) -> None:
    from_here = start + s.profit[mentee]
    for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
        mentor = s.row_mentor[edge]
        distance = from_here + s.price[mentor] - s.row_weight[edge]
        if distance < best and distance < s.distance[mentor] and s.seats[mentor] > 0:
            _reach(s, mentor, distance, mentee)


@part
def _ways_of_mentor(s: State, mentor: int, start: int, best: int) -> None:
    from_here = start + s.price[mentor]
    for edge in range(s.column_at[mentor], s.column_at[mentor] + s.column_size[mentor]):
        mentee = s.column_mentee[edge]
        distance = from_here + s.profit[mentee] - s.column_weight[edge]
        if distance < best and distance < s.distance[mentee] and s.mate[mentee] != mentor:
            _reach(s, mentee, distance, mentor)


@part
def _raise_prices(s: State, settled: int, best: int) -> None:
    for position in range(settled):
        mentor = s.order[position]
        by = best - s.reached[mentor]
        if by > 0:
            s.price[mentor] += by
            for seat in range(s.seat_at[mentor], s.seat_at[mentor] + s.load[mentor]):
                s.profit[s.owner[seat]] -= by


@part
def insert(s: State, mentee: int) -> None:
    """An unmatched mentee, whose profit is their margin, enters, and whoever is worth least stays out."""
    best, mentor, leaver, settled = s.profit[mentee], NOBODY, NOBODY, 0
    if best == 0:
        return
    _ways_of_mentee(s, mentee, 0, best)
    while s.sizes[HEAP] > 0:
        full = _take(s)
        start = s.distance[full]
        if start >= best:
            break
        if s.load[full] < s.seats[full]:
            best, mentor, leaver = start, full, NOBODY
            break
        s.order[settled] = full
        s.reached[full] = start
        settled += 1
        seats = s.owner[s.seat_at[full] : s.seat_at[full] + s.load[full]]
        for other in seats:
            if start + s.profit[other] < best:
                best, mentor, leaver = start + s.profit[other], full, other
        for other in seats:
            _ways_of_mentee(s, other, start, best)
    _raise_prices(s, settled, best)
    s.profit[mentee] -= best
    if mentor != NOBODY:
        _move_up(s, mentee, mentor, leaver)
    _forget(s, settled)


@part
def _move_up(s: State, first: int, mentor: int, leaver: int) -> None:
    """Everybody on the chain takes the seat of the next one; the last seat is free or its owner goes."""
    if leaver == NOBODY:
        seat = _last_seat(s, mentor)
    else:
        note(s, leaver)
        seat = s.place[leaver]
        s.mate[leaver] = NOBODY
        s.place[leaver] = NOBODY
    while True:
        mentee = s.came[mentor]
        old_mentor, old_seat = s.mate[mentee], s.place[mentee]
        _sit(s, mentee, mentor, seat)
        if mentee == first:
            return
        mentor, seat = old_mentor, old_seat


@part
def fill(s: State, target: int) -> None:
    """Fills one free seat of a mentor whose price is above 0, or lowers the price to 0 where nobody comes."""
    best, end, settled = s.price[target], NOBODY, 1
    s.order[0] = target
    s.reached[target] = 0
    _ways_of_mentor(s, target, 0, best)
    while s.sizes[HEAP] > 0:
        mentee = _take(s)
        start = s.distance[mentee]
        if start >= best:
            break
        mentor = s.mate[mentee]
        if mentor == NOBODY:
            best, end = start, mentee
            break
        if s.reached[mentor] < FAR:
            continue
        s.order[settled] = mentor
        s.reached[mentor] = start
        s.via[mentor] = mentee
        settled += 1
        if start + s.price[mentor] < best:
            best, end = start + s.price[mentor], mentee
        _ways_of_mentor(s, mentor, start, best)
    _lower_prices(s, settled, best)
    if end != NOBODY:
        _move_down(s, target, end)
    _forget(s, settled)


@part
def _lower_prices(s: State, settled: int, best: int) -> None:
    """Prices fall by what the search found, and the profits of those who sit there rise."""
    for position in range(settled):
        mentor = s.order[position]
        by = best - s.reached[mentor]
        if by > 0:
            s.price[mentor] -= by
            for seat in range(s.seat_at[mentor], s.seat_at[mentor] + s.load[mentor]):
                s.profit[s.owner[seat]] += by


@part
def _move_down(s: State, target: int, end: int) -> None:
    """The last of the chain gives up their seat, or had none; everybody moves one on towards the target."""
    if s.mate[end] != NOBODY:
        leave(s, end)
    mentee = end
    while True:
        mentor = s.came[mentee]
        if mentor == target:
            _sit(s, mentee, target, _last_seat(s, target))
            return
        mover = s.via[mentor]
        _sit(s, mentee, mentor, s.place[mover])
        mentee = mover


@kernel
def tighten(s: State) -> None:
    """Every profit is the margin; a pair that the prices do not support is parted."""
    for mentee in range(len(s.mate)):
        s.profit[mentee] = margin(s, mentee)
        mentor = s.mate[mentee]
        if mentor == NOBODY:
            continue
        worth = np.int64(0)
        for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
            if s.row_mentor[edge] == mentor:
                worth = max(worth, s.row_weight[edge])
        if worth != s.profit[mentee] + s.price[mentor]:
            leave(s, mentee)


@kernel
def appraise(s: State, profit: Wide, price: Wide) -> int:
    """The value of the pairs, with the profits [n] that the prices leave; a mentor without seats costs
    nothing at any price, so theirs [m] rises to the lowest that covers their edges."""
    value = 0
    for mentee in range(len(s.mate)):
        profit[mentee] = margin(s, mentee)
        for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
            mentor = s.row_mentor[edge]
            if mentor == s.mate[mentee]:
                value += s.row_weight[edge]
            if s.seats[mentor] == 0:
                price[mentor] = max(price[mentor], s.row_weight[edge] - profit[mentee])
    return value


@kernel
def fill_all(s: State, mentors: Ids) -> None:
    """Fills the free seats of these mentors as long as they have a price."""
    for mentor in mentors.astype(np.int64):
        while s.price[mentor] > 0 and s.load[mentor] < s.seats[mentor]:
            fill(s, mentor)


@kernel
def insert_all(s: State, mentees: Ids) -> None:
    """Those of these mentees who have nobody enter one after the other."""
    for mentee in mentees.astype(np.int64):
        if s.mate[mentee] == NOBODY:
            s.profit[mentee] = margin(s, mentee)
            insert(s, mentee)

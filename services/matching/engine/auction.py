"""The fast part of the solver: mentees bid for seats in rounds of ever smaller steps (ε-scaling).

After D. P. Bertsekas, auction algorithms for assignment. It ends near the optimum with prices near the exact
ones; `kernels` repairs the rest. A bid never exceeds the weight of the pair, which keeps chains linear.
"""

from __future__ import annotations

from services.matching.engine.compiled import kernel, part
from services.matching.engine.state import NOBODY, State, Wide

BIDS = 1 << 16


@part
def _offer(s: State, mentee: int, step: int) -> tuple[int, int]:
    """The mentor who is worth most beyond the price, and a bid that still beats the second best by a step."""
    best, second, chosen, weight = 0, 0, NOBODY, 0
    for edge in range(s.row_at[mentee], s.row_at[mentee] + s.row_size[mentee]):
        mentor = s.row_mentor[edge]
        worth = s.row_weight[edge] - s.price[mentor]
        if worth <= second or s.seats[mentor] == 0:
            continue
        if worth > best:
            second = best
            best, chosen, weight = worth, mentor, s.row_weight[edge]
        else:
            second = worth
    return chosen, min(weight - second + step, weight)


@part
def _sink(s: State, bid: Wide, mentor: int) -> None:
    """Restores the heap of a mentor's seats, smallest (bid, mentee) first, after a change of its root."""
    base, size = s.seat_at[mentor], s.load[mentor]
    owner, offer = s.owner[base], bid[base]
    at = 0
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size:
            left, right = base + below, base + below + 1
            if bid[right] < bid[left] or (bid[right] == bid[left] and s.owner[right] < s.owner[left]):
                below += 1
        child = base + below
        if bid[child] > offer or (bid[child] == offer and s.owner[child] > owner):
            break
        s.owner[base + at] = s.owner[child]
        bid[base + at] = bid[child]
        at = below
    s.owner[base + at] = owner
    bid[base + at] = offer


@part
def _rise(s: State, bid: Wide, mentor: int) -> None:
    """Restores the heap of a mentor's seats after one was added at its end."""
    base = s.seat_at[mentor]
    at = s.load[mentor] - 1
    owner, offer = s.owner[base + at], bid[base + at]
    while at > 0:
        above = base + (at - 1) // 2
        if bid[above] < offer or (bid[above] == offer and s.owner[above] < owner):
            break
        s.owner[base + at] = s.owner[above]
        bid[base + at] = bid[above]
        at = (at - 1) // 2
    s.owner[base + at] = owner
    bid[base + at] = offer


@part
def _outbid(s: State, bid: Wide, mentor: int, mentee: int) -> int:
    """The root of a full mentor's heap, whose seat goes to a mentee."""
    root = s.seat_at[mentor]
    loser = s.owner[root]
    s.owner[root] = mentee
    return int(loser)


@kernel
def open_round(s: State, floor: Wide) -> None:
    """Nobody has a seat, prices are at the floor, and all mentees are to bid, the first one first."""
    for mentor in range(len(s.load)):
        s.load[mentor] = 0
        s.price[mentor] = floor[mentor]
    top = len(s.mate)
    for position in range(top):
        s.touched[position] = top - 1 - position


@kernel
def bids(s: State, bid: Wide, step: int, top: int) -> int:
    """The last `top` mentees of the stack bid until nobody wants to, or for 65,536 bids; how many are left.

    `bid` has the length of `owner`.
    """
    for _ in range(BIDS):
        if top == 0:
            break
        top -= 1
        mentee = s.touched[top]
        mentor, offer = _offer(s, mentee, step)
        if mentor == NOBODY:
            continue
        root = s.seat_at[mentor]
        if s.load[mentor] < s.seats[mentor]:
            last = root + s.load[mentor]
            s.owner[last] = mentee
            bid[last] = offer
            s.load[mentor] += 1
            _rise(s, bid, mentor)
        else:
            s.touched[top] = _outbid(s, bid, mentor, mentee)
            top += 1
            bid[root] = offer
            _sink(s, bid, mentor)
        if s.load[mentor] == s.seats[mentor]:
            s.price[mentor] = bid[root]
    return top


@kernel
def seat_owners(s: State) -> None:
    """Who sits where after a round becomes everybody's mate and place."""
    for mentee in range(len(s.mate)):
        s.mate[mentee] = NOBODY
        s.place[mentee] = NOBODY
    for mentor in range(len(s.load)):
        for seat in range(s.seat_at[mentor], s.seat_at[mentor] + s.load[mentor]):
            s.mate[s.owner[seat]] = mentor
            s.place[s.owner[seat]] = seat

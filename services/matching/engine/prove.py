"""The best assignment of a market of any size, proven over all pairs, without ever holding all pairs.

A look at all pairs lists the best of both sides; on these edges the assignment is solved exactly. Then a look
at all pairs with its prices either finds none that they do not cover, which is the proof, or adds those it
found; what is solved goes on from the prices and pairs it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.engine import again, arena, graph, pack, scoring, survey, ties
from services.matching.engine import index as arrays
from services.matching.engine import state as states
from services.matching.engine.pack import Packed
from services.matching.engine.sides import Integers
from services.matching.engine.state import NOBODY, State, Wide
from services.matching.engine.survey import Crew

ADDED = 8
ROUNDS_MAX = 60
PATIENCE = 6


@dataclass(frozen=True, slots=True)
class Proven:
    """`partner` [n]: the column of each row, or NOBODY. `price` [m] of a seat, `profit` [n] of a mentee.

    Over all pairs profit + price is at least the weight, so no assignment is worth more than `bound`; equal
    to `value` unless the work was stopped. `feasible` counts the possible pairs; `row_fits` [n] the mentors
    with seats to offer, `column_fits` [m] the mentees, who are possible for each. `looks`: at all pairs;
    those at what had changed since one are not counted.
    """

    partner: Wide
    price: Wide
    profit: Wide
    value: int
    bound: int
    feasible: int
    row_fits: Wide
    column_fits: Wide
    looks: int


@dataclass(frozen=True, slots=True)
class Cover:
    """Prices by place and profits by packed row that cover all pairs."""

    price: Wide
    profit: Wide
    bound: int


@dataclass(frozen=True, slots=True)
class Worked:
    """The solved state, what covers all pairs, and the last look if it found nothing else."""

    s: State
    listed: survey.Listing
    cover: Cover
    looks: int
    last: survey.Look | None


def best(index: arrays.Index, packed: Packed, crew: Crew) -> Proven:
    """The assignment with the greatest sum of weights, and of several best ones that of the greatest lots.

    Raises ArithmeticError where the proof does not come to an end, which no market is known to do.
    """
    seats = pack.seats(packed, index)
    done = work(index, packed, seats, crew)
    cover, listed = done.cover, done.listed
    value, mate = graph.solution(done.s).value, chosen(index, packed, done, seats)
    return Proven(
        partner=_spread(packed.row, _columns(packed, mate), len(index.left.numbers), NOBODY),
        price=_spread(packed.column, cover.price, len(index.right.numbers), 0),
        profit=_spread(packed.row, cover.profit, len(index.left.numbers), 0),
        value=value,
        bound=cover.bound,
        feasible=int(listed.place_fits.sum()),
        row_fits=_spread(packed.row, listed.fits, len(index.left.numbers), 0),
        column_fits=_spread(packed.column, listed.place_fits, len(index.right.numbers), 0),
        looks=done.looks,
    )


def work(index: arrays.Index, packed: Packed, seats: Wide, crew: Crew) -> Worked:
    """Lists, solves, and looks again until all pairs are covered, or until it is stopped."""
    listed = survey.listing(packed, _part(crew, 0.0, 0.4))
    s = _state(listed, len(packed.row), seats)
    cover = _without_prices(index, packed, listed, seats)
    looks, asked, last, before = 1, 1, None, None
    finished = _solve(s, (graph.auction_rounds, graph.repair), crew) and listed.whole
    while finished:
        part = _part(crew, 0.95 - 0.5**asked, 0.95 - 0.5 ** (asked + 1))
        duals = s.price, s.profit
        found, latest = again.look(packed, duals, part, added=_added(asked), last=before)
        looks, asked, before = looks + (latest is not before), asked + 1, latest
        if not found.whole:
            break
        cover = _better(cover, _covering(s, found, seats))
        if len(found.row) == 0:
            last = found
            break
        if asked > ROUNDS_MAX:
            raise ArithmeticError(f"no proof after {asked} looks")
        s = arena.with_edges(s, (found.row.astype(np.int32), found.place.astype(np.int32)), found.weight)
        finished = _solve(s, (graph.repair,), crew)
    return Worked(s, listed, cover, looks, last)


def _part(crew: Crew, begin: float, end: float) -> Crew:
    """The crew of a part of the work, from `begin` to `end` of the whole."""
    return Crew(crew.threads, crew.stop, lambda share: crew.tell(begin + share * (end - begin)))


def _added(looks: int) -> int:
    """How many pairs of a mentee one look may add: more and more where it goes on and on."""
    return ADDED << min(6, max(0, looks - PATIENCE))


def _state(listed: survey.Listing, mentees: int, seats: Wide) -> State:
    ptr = np.searchsorted(listed.row, np.arange(mentees + 1)).astype(np.int64)
    return states.of_graph(ptr, listed.place.astype(np.int32), listed.weight, seats)


def _solve(s: State, parts: Sequence[Callable[[State], graph.Steps]], crew: Crew) -> bool:
    """Works on the state until it is the best of its edges; false where it was stopped before."""
    for part in parts:
        for _ in part(s):
            if crew.stop():
                return False
    return True


def _without_prices(index: arrays.Index, packed: Packed, listed: survey.Listing, seats: Wide) -> Cover:
    """What covers all pairs before anything is solved: everybody's best, or the most a pair can be worth."""
    most = scoring.WEIGHT_OF_ONE + index.whole.rules.hysteresis + index.bonus[packed.row].astype(np.int64)
    profit = listed.top if listed.whole else most
    price = np.where(seats > 0, 0, most.max(initial=0))
    return Cover(price, profit, int(profit.sum()))


def _covering(s: State, found: survey.Look, seats: Wide) -> Cover:
    price = np.where(seats > 0, s.price, found.claim)
    return Cover(price, found.profit, int(found.profit.sum() + (s.price * seats).sum()))


def _better(one: Cover, other: Cover) -> Cover:
    return other if other.bound <= one.bound else one


def chosen(index: arrays.Index, packed: Packed, done: Worked, seats: Wide) -> Wide:
    """The places of the mates [packed rows], of the best assignment with the greatest lots; see `ties`.

    Those that were found, where it was stopped or where too many are as good.
    """
    tight = done.last
    if tight is None or tight.too_many:
        return done.s.mate.astype(np.int64)
    row, place = tight.tight_row, tight.tight_place
    must = (done.cover.profit[row] > 0).astype(np.int64) + (done.cover.price[place] > 0)
    pairs = packed.row[row], packed.column[place]
    gain = ties.gains(*pairs, must, (index.left.numbers, index.right.numbers))
    ptr = np.searchsorted(row, np.arange(len(packed.row) + 1))
    return graph.solve_graph(ptr, place, gain, seats).mate


def _columns(packed: Packed, mate: Wide) -> Wide:
    found = np.full(len(mate), NOBODY, np.int64)
    found[mate != NOBODY] = packed.column[mate[mate != NOBODY]]
    return found


def _spread(where: Integers, values: Wide, size: int, rest: int) -> Wide:
    """The values at their places in an array of this size; `where` is NOBODY where they have none."""
    spread = np.full(size, rest, np.int64)
    spread[where[where != NOBODY]] = values[where != NOBODY]
    return spread

"""Looks at all pairs of a packed market, by several threads at once; no answer depends on how many they are.

Every mentee is looked at by one thread alone; what is collected by place is collected per thread and merged
in an order of its own. Between two stretches of mentees the caller may stop, and hears how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from services.matching.engine import pack, scan, sides
from services.matching.engine.graph import Stop
from services.matching.engine.pack import Packed
from services.matching.engine.state import Wide

LISTED = 16
STRETCH = 1 << 23
FEW = 1 << 21
TIGHT_MAX = 1 << 22
UNLOT = pow(scan.LOT_PLACE, -1, scan.LOTS)

Rows = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Crew:
    """How many threads look, who may stop them, and who hears what part of a look is done (0 to 1)."""

    threads: int
    stop: Stop
    tell: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Listing:
    """The best pairs of both sides, ascending by row and place, and how many others are possible for whom.

    `fits` [n] counts mentors who offer seats, `place_fits` [places] mentees. `top` [n] is the greatest weight
    of each mentee with anybody who has a seat. `whole`: nobody was left out.
    """

    row: Wide
    place: Wide
    weight: Wide
    fits: Wide
    place_fits: Wide
    top: Wide
    whole: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What prices and profits leave open over all pairs.

    The pairs not covered, the worst of each mentee: `row`, `place`, `weight`. `profit` [n] would cover all at
    these prices; `claim` [places]: the lowest price that covers a place without a seat. `tight_row`,
    `tight_place`: the pairs covered exactly, none where they are `too_many`. `whole`: nobody was left out.
    """

    row: Wide
    place: Wide
    weight: Wide
    profit: Wide
    claim: Wide
    tight_row: Wide
    tight_place: Wide
    too_many: bool
    whole: bool


def sweep(packed: Packed, work: Callable[[int, Rows], None], crew: Crew) -> bool:
    """Calls `work(thread, (first, last))` for stretches of all mentees; false where it was stopped."""
    rows, places = len(packed.row), max(1, len(packed.column))
    if rows * places <= FEW:
        work(0, (0, rows))
        crew.tell(1.0)
        return not crew.stop()
    step = max(16, STRETCH // places)
    with ThreadPoolExecutor(crew.threads) as pool:
        for first in range(0, rows, step * crew.threads):
            starts = range(first, min(rows, first + step * crew.threads), step)
            parts = [(start, min(rows, start + step)) for start in starts]
            # All threads are awaited before anybody is told: whoever gives up leaves nothing running.
            list(pool.map(work, range(len(parts)), parts))
            crew.tell(parts[-1][1] / rows)
            if crew.stop():
                return False
    return True


def listing(packed: Packed, crew: Crew) -> Listing:
    """The best pairs of every mentee and of every place."""
    n, places = len(packed.row), len(packed.column)
    mine = (
        np.zeros((n, LISTED), np.int64),
        np.zeros(n, np.int64),
        np.ones(n, np.int32),
        np.zeros(n, np.int64),
    )
    lists = [pack.Lists(*mine, *_of_places(places)) for _ in range(crew.threads)]
    rooms = [pack.room() for _ in range(crew.threads)]

    def work(thread: int, rows: Rows) -> None:
        scan.list_best(packed, rooms[thread], rows, lists[thread])

    whole = sweep(packed, work, crew)
    theirs = np.concatenate([one.place_heaps for one in lists], axis=1)
    if crew.threads > 1:
        theirs = np.partition(theirs, -LISTED, axis=1)[:, -LISTED:]
    row, place, weight = _together(mine[0], theirs)
    return Listing(
        row=row,
        place=place,
        weight=weight,
        fits=mine[3],
        place_fits=np.sum([one.place_fits for one in lists], axis=0, dtype=np.int64),
        top=mine[0].max(axis=1, initial=0) // scan.LOTS,
        whole=whole,
    )


def _of_places(places: int) -> tuple[Wide, Wide, sides.Integers, sides.Integers]:
    return (
        np.zeros((places, LISTED), np.int64),
        np.zeros(places, np.int64),
        np.ones(places, np.int32),
        np.zeros(places, np.int32),
    )


def _together(mine: Wide, theirs: Wide) -> tuple[Wide, Wide, Wide]:
    """Rows, places and weights of the keys of both sides, each pair once."""
    row, at = np.nonzero(mine)
    keys = mine[row, at]
    place, of = np.nonzero(theirs)
    more = theirs[place, of]
    rows = np.concatenate([row, _other(more, place)])
    width = max(1, len(theirs))
    codes = rows * width + np.concatenate([_other(keys, row), place])
    code, first = np.unique(codes, return_index=True)
    weight = np.concatenate([keys, more])[first] // scan.LOTS
    return code // width, code % width, weight


def _other(keys: Wide, one: Wide) -> Wide:
    """Whom a key is about: the inverse of `scan._key` without its amount."""
    low = np.uint64(scan.LOTS - 1)
    lot = keys.astype(np.uint64) - one.astype(np.uint64) * np.uint64(scan.LOT_ROW)
    return ((lot & low) * np.uint64(UNLOT) & low).astype(np.int64)


def look(packed: Packed, duals: tuple[Wide, Wide], crew: Crew, *, added: int) -> Look:
    """All pairs against prices [places] and profits [n]; at most `added` pairs per mentee are named."""
    n, places = len(packed.row), len(packed.column)
    price, profit = (one.astype(np.int32) for one in duals)
    heaps, sizes, margin = np.zeros((n, added), np.int64), np.zeros(n, np.int64), np.zeros(n, np.int32)
    missed = [
        pack.Missed(
            *(price, profit, heaps, sizes, margin),
            claim=np.zeros(places, np.int32),
            tight=np.zeros(min(n * places, TIGHT_MAX), np.int64),
            noted=np.zeros(2, np.int64),
        )
        for _ in range(crew.threads)
    ]
    rooms = [pack.room() for _ in range(crew.threads)]

    def work(thread: int, rows: Rows) -> None:
        scan.list_missed(packed, rooms[thread], rows, missed[thread])

    whole = sweep(packed, work, crew)
    row, at = np.nonzero(heaps)
    place = _other(heaps[row, at], row)
    tight = np.sort(np.concatenate([one.tight[: one.noted[0]] for one in missed]))
    return Look(
        row=row,
        place=place,
        weight=heaps[row, at] // scan.LOTS + duals[0][place] + duals[1][row],
        profit=np.maximum(duals[1], margin),
        claim=np.max([one.claim for one in missed], axis=0).astype(np.int64),
        tight_row=tight // scan.LOTS,
        tight_place=tight % scan.LOTS,
        too_many=len(tight) > TIGHT_MAX or any(one.noted[1] for one in missed),
        whole=whole,
    )


def blocking(
    packed: Packed, content: tuple[sides.Floats, sides.Floats], margins: sides.Floats, crew: Crew
) -> Wide:
    """How many possible pairs gain more than each margin, given what mentees [n] and places have."""
    counts = [np.zeros(len(margins), np.int64) for _ in range(crew.threads)]
    rooms = [pack.room() for _ in range(crew.threads)]

    def work(thread: int, rows: Rows) -> None:
        scan.count_blocking(packed, rooms[thread], rows, pack.Rather(*content, margins, counts[thread]))

    sweep(packed, work, crew)
    total: Wide = np.sum(counts, axis=0)
    return total


def top(packed: Packed, row: int, count: int, room: pack.Room) -> list[tuple[int, int]]:
    """The columns of the best mentors of one mentee with their weights, from all there are, seats or not.

    `row` counts the mentees of `packed.row`. Exact; equal ones in the order of their columns.
    """
    best = np.zeros(count, np.int64)
    size = scan.best_of(packed, room, row, best)
    keys = np.sort(best[:size])[::-1].tolist()
    return [(scan.LAST - key % scan.LOTS, key // scan.LOTS) for key in keys]


def weights(packed: Packed) -> Iterator[sides.Integers]:
    """The weights of one mentee after the other with all places."""
    here = pack.room()
    for row in range(len(packed.row)):
        found = np.zeros(len(packed.column), np.int32)
        scan.weights_of(packed, here, row, found)
        yield found

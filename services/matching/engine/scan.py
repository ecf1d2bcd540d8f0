"""The compiled looks at all pairs: what is made of the weights of each mentee with each block of mentors."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.matching.engine.compiled import kernel, part
from services.matching.engine.pack import BLOCK, LANE, Lists, Missed, Packed, Rather, Room
from services.matching.engine.sides import Integers
from services.matching.engine.state import Wide
from services.matching.engine.weigh import U, V, W, weigh

LOT_PLACE, LOT_ROW, LOTS = 2_654_435_761, 2_246_822_519, 1 << 32
LAST = LOTS - 1


@part
def _keep(heap: Wide, size: Any, key: Any) -> Any:
    """Puts a key into the heap of the greatest ones, smallest first; answers how many it has."""
    at = size
    if size < len(heap):
        while at > 0 and heap[(at - 1) // 2] > key:
            heap[at] = heap[(at - 1) // 2]
            at = (at - 1) // 2
        heap[at] = key
        return size + 1
    at = 0
    while key > heap[0]:
        below = 2 * at + 1
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if below >= size or heap[below] >= key:
            heap[at] = key
            break
        heap[at] = heap[below]
        at = below
    return size


@part
def _key(amount: Any, place: Any, i: Any) -> Any:
    """An amount with its place in one number; equal amounts are in the order of lots, the same anywhere."""
    return amount * LOTS + (place * LOT_PLACE + i * LOT_ROW) % LOTS


@kernel
def list_best(p: Packed, room: Room, rows: tuple[int, int], lists: Lists) -> None:
    """The best of some mentees and, as far as these go, of all places; and how many are possible."""
    whole = room[1]
    for b in range(len(p.filled)):
        for i in range(rows[0], rows[1]):
            if not weigh(p, i, b, room):
                continue
            count = np.int32(0)
            for j in range(p.filled[b]):
                lists.place_fits[b * BLOCK + j] += np.int32(whole[W + j] > 0)
                count += np.int32(whole[W + j] > 0) & p.their_whole[b, 6 * BLOCK + j]
            lists.fits[i] += count
            if p.seated[b] > 0:
                for first in range(0, p.filled[b], LANE):
                    hit, own, at = False, lists.least[i], b * BLOCK + first
                    for j in range(LANE):
                        weight = whole[W + first + j]
                        hit |= (weight >= own) | (weight >= lists.place_least[at + j])
                    if hit:
                        _list(whole[W + first :], i, at, lists)


@part
def _list(weights: Integers, i: int, first: int, lists: Lists) -> None:
    """Puts 32 pairs of a mentee into the lists that they are good enough for."""
    for j in range(LANE):
        weight, place = np.int64(weights[j]), first + j
        if weight >= lists.least[i]:
            key = _key(weight, place, i)
            lists.sizes[i] = _keep(lists.heaps[i], lists.sizes[i], key)
            if lists.sizes[i] == lists.heaps.shape[1]:
                lists.least[i] = np.int32(lists.heaps[i, 0] // LOTS)
        if weight >= lists.place_least[place]:
            key = _key(weight, i, place)
            lists.place_sizes[place] = _keep(lists.place_heaps[place], lists.place_sizes[place], key)
            if lists.place_sizes[place] == lists.place_heaps.shape[1]:
                lists.place_least[place] = np.int32(lists.place_heaps[place, 0] // LOTS)


@kernel
def list_missed(p: Packed, room: Room, rows: tuple[int, int], missed: Missed) -> None:
    """The pairs of some mentees that prices and profits do not cover, and those that they fit exactly."""
    whole = room[1]
    for b in range(len(p.filled)):
        for i in range(rows[0], rows[1]):
            if not weigh(p, i, b, room):
                continue
            own = missed.profit[i]
            if p.seated[b] == 0:
                for j in range(p.filled[b]):
                    beyond = np.int32(whole[W + j] - own)
                    missed.claim[b * BLOCK + j] = max(missed.claim[b * BLOCK + j], beyond)
                continue
            for first in range(0, p.filled[b], LANE):
                hit, at = False, b * BLOCK + first
                for j in range(LANE):
                    weight = whole[W + first + j]
                    hit |= (np.int32(weight - missed.price[at + j]) >= own) & (weight > 0)
                if hit:
                    _note(whole[W + first :], i, at, missed)


@part
def _note(weights: Integers, i: int, first: int, missed: Missed) -> None:
    """Puts those of 32 pairs of a mentee where they belong."""
    own = missed.profit[i]
    for j in range(LANE):
        worth = np.int32(weights[j] - missed.price[first + j])
        if worth < own or weights[j] == 0:
            continue
        if worth > own:
            missed.margin[i] = max(missed.margin[i], worth)
            key = _key(np.int64(worth - own), first + j, i)
            missed.sizes[i] = _keep(missed.heaps[i], missed.sizes[i], key)
        elif missed.noted[0] < len(missed.tight):
            missed.tight[missed.noted[0]] = i * LOTS + first + j
            missed.noted[0] += 1
        else:
            missed.noted[1] = 1


@kernel
def count_blocking(p: Packed, room: Room, rows: tuple[int, int], rather: Rather) -> None:
    """How many possible pairs of some mentees gain more than each margin on both sides; see `stability`."""
    parts, whole = room
    for b in range(len(p.filled)):
        least = rather.least[b * BLOCK :]
        for i in range(rows[0], rows[1]):
            if weigh(p, i, b, room):
                has = rather.has[i]
                for at in range(len(rather.margins)):
                    margin, count = rather.margins[at], np.int32(0)
                    for j in range(p.filled[b]):
                        gain = min(parts[U + j] - has, parts[V + j] - least[j])
                        count += np.int32((gain > margin) & (whole[W + j] > 0))
                    rather.counts[at] += count


@kernel
def weights_of(p: Packed, room: Room, i: int, found: Integers) -> None:
    """The weights of a mentee with everybody, by place."""
    for b in range(len(p.filled)):
        if weigh(p, i, b, room):
            for j in range(p.filled[b]):
                found[b * BLOCK + j] = room[1][W + j]


@kernel
def weights_with(p: Packed, room: Room, slot: int, found: Integers) -> None:
    """The weights of a mentor in the one block there is with everybody, by row."""
    for i in range(len(found)):
        found[i] = room[1][W + slot] if weigh(p, i, 0, room) else 0


@kernel
def best_of(p: Packed, room: Room, i: int, best: Wide) -> int:
    """The best mentors of a mentee as keys, weight · 2³² + `LAST` less the column; how many there are."""
    whole, size = room[1], 0
    for b in range(len(p.filled)):
        if not weigh(p, i, b, room):
            continue
        for first in range(0, p.filled[b], LANE):
            least = max(np.int64(1), best[0] // LOTS) if size == len(best) else np.int64(1)
            hit, least_here = False, np.int32(least)
            for j in range(LANE):
                hit |= whole[W + first + j] >= least_here
            for j in range(LANE if hit else 0):
                weight = np.int64(whole[W + first + j])
                key = weight * LOTS + LAST - p.column[b * BLOCK + first + j]
                if weight >= least and (size < len(best) or key > best[0]):
                    size = _keep(best, size, key)
    return size

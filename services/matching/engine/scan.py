"""The compiled look at all pairs: the weight of each, element by element in float32, and what is made of it.

The same sums in the same order as `scoring` and the same rules as `rules`: equal to the last bit everywhere,
because without fastmath nothing joins a product and a sum. The loops over a block have no branches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.matching.engine.compiled import POPCOUNT, STAY_APART, kernel, part
from services.matching.engine.pack import BLOCK, LANE, Lists, Missed, Packed, Rather, Room, Words
from services.matching.engine.scoring import ENOUGH_HALF_HOURS, GAP_STEEPNESS, SAME_CITY, WEIGHT_OF_ONE
from services.matching.engine.sides import NO_LEVEL, Floats, Integers
from services.matching.engine.state import Wide

# Where in the room of floats [ROOM] and of whole numbers [ROOM] each intermediate result stands.
U, V, AIMS, GAP, LIFT = 0, BLOCK, 2 * BLOCK, 3 * BLOCK, 4 * BLOCK
W, HOURS, OPEN, LIKED, VALUES, STYLE, EXTRA = (kind * BLOCK for kind in range(7))
LOT_PLACE, LOT_ROW, LOTS = 2_654_435_761, 2_246_822_519, 1 << 32
ONE, TWO, FOUR, HALF, NONE = (np.float32(one) for one in (1, 2, 4, 0.5, 0))
SCALES = (GAP_STEEPNESS, SAME_CITY, WEIGHT_OF_ONE, 1 / ENOUGH_HALF_HOURS)
STEEP, CITY, FULL, EIGHTH = (np.float32(one) for one in SCALES)
GOALS_, AIMS_, VALUES_, STYLE_, INTERESTS_, EXPERIENCE_, AVAILABILITY_, LOCATION_, FEEDBACK_ = range(9)
P_AIMS, P_VALUES, P_STYLE, P_INTERESTS, P_EXPERIENCE, P_LOCATION, TARGET = range(18, 25)


@part
def _fill(sums: Integers | Floats, value: Any) -> None:
    STAY_APART()
    for j in range(len(sums)):
        sums[j] = value


@part
def _common(count: Integers, mine: Any, theirs: Words) -> None:
    """Adds how many bits two people have in common in one word."""
    STAY_APART()
    for j in range(len(count)):
        count[j] += np.int32(POPCOUNT(np.uint32(mine & theirs[j])))


@part
def _alike(found: Integers, mine: tuple[int, int], theirs: Words, known: Words) -> None:
    """Adds how far apart two people are on the scales both answered, and 4096 for each of these scales."""
    STAY_APART()
    answers, answered = mine
    for j in range(len(found) if answered != 0 else 0):
        both = np.uint32(answered & known[j])
        apart = np.int32(POPCOUNT(np.uint32((answers ^ theirs[j]) & both)))
        found[j] += apart + (np.int32(POPCOUNT(both)) << np.int32(10))


@part
def _open(whole: Integers, mine: Integers, theirs: Integers, span: tuple[int, int]) -> Any:
    """Which places no rule excludes, but for the pairs with something of their own; how many there are."""
    STAY_APART()
    tin, tout, team, low, high = mine[0], mine[1], mine[2], mine[5], mine[6]
    fewest, count = np.int32(span[1]), np.int32(0)
    for j in range(span[0]):
        other_in, other_out, level = theirs[j], theirs[BLOCK + j], theirs[3 * BLOCK + j]
        line = ((other_in <= tin) | (other_in >= tout)) & ((tin <= other_in) | (tin >= other_out))
        apart = line & (other_in != tin) & (theirs[2 * BLOCK + j] != team)
        free = apart & (level >= low) & (level <= high) & (whole[HOURS + j] >= fewest)
        whole[OPEN + j] = whole[OPEN + j] if free else np.int32(0)
    for j in range(span[0]):
        count += min(whole[OPEN + j], np.int32(1))
    return count


@part
def _add(sums: Floats, shares: Floats, tables: Floats, at: tuple[int, int, int]) -> None:
    """Adds the shares of three tables, one after the other; a share of 0 adds nothing."""
    STAY_APART()
    one, two, three, size = shares[0], shares[1], shares[2], len(sums)
    first, second, third = tables[at[0] :][:size], tables[at[1] :][:size], tables[at[2] :][:size]
    for j in range(size):
        sums[j] = sums[j] + one * first[j] + two * second[j] + three * third[j]


@part
def _aims(served: Floats, says: int, aiming: Integers, prior: float) -> None:
    """The prior where one of the two did not say, else nothing yet."""
    STAY_APART()
    for j in range(len(served)):
        served[j] = NONE if says * aiming[j] != 0 else prior


@part
def _gap(fit: Floats, mine: Integers, levels: Integers, weigh: Floats) -> None:
    """How well the levels fit, where the goal names one."""
    STAY_APART()
    prior, target, level = weigh[P_EXPERIENCE], weigh[TARGET], mine[7]
    for j in range(len(fit)):
        off = np.float32(np.int32(levels[j] - level)) - target
        curve = ONE / (ONE + STEEP * (off * off))
        fit[j] = curve if levels[j] != NO_LEVEL else prior


@part
def _agreed(found: Any, prior: Any) -> Any:
    answered, apart = np.int32(found >> 12), np.int32(found & 4095)
    far = FOUR * np.float32(max(answered, np.int32(1)))
    return ONE - np.float32(apart) / far if answered > 0 else prior


@part
def _answers(room: Room, weigh: Floats, size: int) -> None:
    """Both utilities from goals, aims, values and style. Weights are read once, outside of the loop."""
    STAY_APART()
    parts, whole = room
    goals, values, style = weigh[GOALS_], weigh[VALUES_], weigh[STYLE_]
    topics, aims = weigh[9 + GOALS_], weigh[9 + AIMS_]
    their_values, their_style = weigh[9 + VALUES_], weigh[9 + STYLE_]
    prior_values, prior_style = weigh[P_VALUES], weigh[P_STYLE]
    for j in range(size):
        one = _agreed(whole[VALUES + j], prior_values)
        two = _agreed(whole[STYLE + j], prior_style)
        parts[U + j] = goals * parts[U + j] + values * one + style * two
        taught = topics * parts[V + j] + aims * parts[AIMS + j]
        parts[V + j] = taught + their_values * one + their_style * two


@part
def _tastes(room: Room, weigh: Floats, root: float, theirs: Floats) -> None:
    """To both utilities: interests, levels and shared hours."""
    STAY_APART()
    parts, whole = room
    interests, levels, hours = weigh[INTERESTS_], weigh[EXPERIENCE_], weigh[AVAILABILITY_]
    their_interests, their_levels = weigh[9 + INTERESTS_], weigh[9 + EXPERIENCE_]
    their_hours, prior = weigh[9 + AVAILABILITY_], weigh[P_INTERESTS]
    for j in range(len(theirs)):
        liked = min(np.float32(whole[LIKED + j]) * root * theirs[j], ONE)
        liked = liked if (root > NONE) & (theirs[j] > NONE) else prior
        shared = np.float32(min(whole[HOURS + j], np.int32(ENOUGH_HALF_HOURS))) * EIGHTH
        gap = parts[GAP + j]
        parts[U + j] = parts[U + j] + interests * liked + levels * gap + hours * shared
        parts[V + j] = parts[V + j] + their_interests * liked + their_levels * gap + their_hours * shared


@part
def _places(parts: Floats, p: Packed, i: int, b: int) -> None:
    """To both utilities: location and past feedback; then what a favourite lifts."""
    STAY_APART()
    theirs, places = p.their_parts[b], p.their_whole[b]
    rating, site, city, prior = p.parts[i, 1], p.whole[i, 3], p.whole[i, 4], p.weigh[P_LOCATION]
    location, their_location = p.weigh[LOCATION_], p.weigh[9 + LOCATION_]
    feedback, theirs_of_me = p.weigh[FEEDBACK_], p.weigh[9 + FEEDBACK_] * rating
    for j in range(p.filled[b]):
        there, town = places[4 * BLOCK + j], places[5 * BLOCK + j]
        known_site, known_city = (site > 0) & (there > 0), (city > 0) & (town > 0)
        near = CITY if known_city & (city == town) else NONE
        near = ONE if known_site & (site == there) else near
        near = near if known_site | known_city else prior
        u = parts[U + j] + location * near + feedback * theirs[BLOCK + j]
        parts[U + j] = u + parts[LIFT + j] * (ONE - u)
        parts[V + j] = parts[V + j] + their_location * near + theirs_of_me


@part
def _fuse(room: Room, bonus: int, size: int) -> None:
    """The weights, with what is added to them; 0 where a rule excludes the pair."""
    STAY_APART()
    parts, whole = room
    for j in range(size):
        u, v = parts[U + j], parts[V + j]
        both = u + v
        fused = TWO * u * v / both if both > NONE else NONE
        weight = np.int32(FULL * fused + HALF)
        more = max(np.int32(weight + bonus + whole[EXTRA + j]), np.int32(0))
        whole[W + j] = more if (weight > 0) & (whole[OPEN + j] != 0) else np.int32(0)


@part
def _possible(p: Packed, i: int, b: int) -> bool:
    """Whether anybody of a block may be possible at all."""
    if p.levels[b, 1] < p.whole[i, 5] or p.levels[b, 0] > p.whole[i, 6]:
        return False
    shared = np.int64(0)
    for kind in range(p.asked[0]):
        shared += np.int64(POPCOUNT(np.uint32(p.words[i, kind] & p.any[b, kind])))
    if shared < p.asked[5]:
        return False
    spoken = np.uint32(0)
    for kind in range(p.asked[0], p.asked[1]):
        spoken |= p.words[i, kind] & p.any[b, kind]
    return bool(spoken != 0)


@part
def _over(found: Integers, mine: Words, theirs: Words, span: tuple[int, int, int]) -> None:
    """Bits in common in the words of a span; with a mask so many words behind, how alike answers are."""
    _fill(found, 0)
    first, last, behind = span
    for kind in range(first, last):
        other = theirs[kind * BLOCK :][: len(found)]
        if behind == 0 and mine[kind] != 0:
            _common(found, mine[kind], other)
        elif behind > 0:
            known = theirs[(kind + behind) * BLOCK :][: len(found)]
            _alike(found, (mine[kind], mine[kind + behind]), other, known)


@part
def _skills(p: Packed, i: int, b: int, parts: Floats) -> None:
    """How far each mentor can help with the goals, and wants to; how far the mentee serves their aims."""
    size, kinds = p.filled[b], p.serves.shape[1]
    _fill(parts[: V + size], 0)
    for goal in range(0, p.goal.shape[1], 3):
        one, two, three = p.goal[i, goal], p.goal[i, goal + 1], p.goal[i, goal + 2]
        at, shares = (one * BLOCK, two * BLOCK, three * BLOCK), p.share[i, goal : goal + 3]
        _add(parts[U : U + size], shares, p.reach[b], at)
        _add(parts[V : V + size], shares, p.teaches[b], at)
    served = parts[AIMS : AIMS + size]
    _aims(served, p.whole[i, 10], p.their_whole[b, 7 * BLOCK : 7 * BLOCK + size], p.weigh[P_AIMS])
    if p.whole[i, 10] != 0:
        for kind in range(kinds):
            serves = p.serves[i, kind]
            if serves > 0:
                for k in range(p.aim_at[b * kinds + kind], p.aim_at[b * kinds + kind + 1]):
                    served[p.aim_slot[k]] += p.aim_share[k] * serves


@part
def weigh(p: Packed, i: int, b: int, room: Room) -> bool:
    """The weights of a mentee with a block of mentors, in the room; false where nobody is possible."""
    STAY_APART()
    if not _possible(p, i, b):
        return False
    parts, whole = room
    size, mine, theirs = p.filled[b], p.whole[i], p.their_whole[b]
    words, their_words = p.words[i], p.their_words[b]
    hours, tongues, likes, values, style = p.asked[0], p.asked[1], p.asked[2], p.asked[3], p.asked[4]
    _over(whole[HOURS : HOURS + size], words, their_words, (0, hours, 0))
    _over(whole[OPEN : OPEN + size], words, their_words, (hours, tongues, 0))
    if _open(whole, mine, theirs, (size, p.asked[5])) == 0:
        return False
    _over(whole[LIKED : LIKED + size], words, their_words, (tongues, likes, 0))
    _over(whole[VALUES : VALUES + size], words, their_words, (likes, likes + values, values))
    tongues = likes + 2 * values
    _over(whole[STYLE : STYLE + size], words, their_words, (tongues, tongues + style, style))
    _skills(p, i, b, parts)
    if mine[8] == 0:
        _fill(parts[GAP : GAP + size], p.weigh[P_EXPERIENCE])
    else:
        _gap(parts[GAP : GAP + size], mine, theirs[3 * BLOCK : 4 * BLOCK], p.weigh)
    first = last = p.odd_at[i]
    while last < p.odd_at[i + 1] and p.odd_place[last] < (b + 1) * BLOCK:
        last += 1
        first += np.int64(p.odd_place[last - 1] < b * BLOCK)
    for at in range(first, last):
        parts[LIFT + p.odd_place[at] - b * BLOCK] = p.odd_lift[at]
        whole[EXTRA + p.odd_place[at] - b * BLOCK] = p.odd_extra[at]
    _answers(room, p.weigh, size)
    _tastes(room, p.weigh, p.parts[i, 0], p.their_parts[b, :size])
    _places(parts, p, i, b)
    _fuse(room, mine[9], size)
    for at in range(first, last):
        parts[LIFT + p.odd_place[at] - b * BLOCK] = NONE
        whole[EXTRA + p.odd_place[at] - b * BLOCK] = 0
    return True


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

"""The compiled weights of a mentee with a block of mentors, element by element in float32.

The same sums in the same order as `scoring` and the same rules as `rules`: equal to the last bit everywhere,
because without fastmath nothing joins a product and a sum. The loops over a block have no branches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.matching.engine.compiled import POPCOUNT, STAY_APART, part
from services.matching.engine.pack import BLOCK, Packed, Room, Words
from services.matching.engine.scoring import ENOUGH_HALF_HOURS, GAP_STEEPNESS, SAME_CITY, WEIGHT_OF_ONE
from services.matching.engine.sides import NO_LEVEL, Floats, Integers

# Where in the room of floats [ROOM] and of whole numbers [ROOM] each intermediate result stands.
U, V, AIMS, GAP, LIFT = 0, BLOCK, 2 * BLOCK, 3 * BLOCK, 4 * BLOCK
W, HOURS, OPEN, LIKED, VALUES, STYLE, EXTRA = (kind * BLOCK for kind in range(7))
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

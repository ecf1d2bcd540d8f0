"""A market packed for the scan: whoever can be in a pair, mentors in blocks, each block one array per type.

Mentors with a free seat come first, those without in blocks of their own behind them; within both they are
sorted by site or by level, so that whole blocks can be passed over: a block knows which hours and
languages anybody in it has, and its lowest and highest level.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.engine import index as arrays
from services.matching.engine import market, sides
from services.matching.engine.state import NOBODY, Wide

BLOCK = 1024
LANE = 32
ROOM = 7 * BLOCK
BARRED = -(1 << 30)
ANY_LEVEL = 1_000_000
PRIORS = ("aims", "values", "style", "interests", "experience", "location")

Table = npt.NDArray[Any]
Words = npt.NDArray[np.uint32]
Room = tuple[sides.Floats, sides.Integers]


class Lists(NamedTuple):
    """The best pairs: by mentee and by place a heap of keys [·, k], its size, the least weight that gets in.

    A key is weight · 2³² + a lot that tells who the other one is. `fits` [n], `place_fits` [places]: how
    many mentors who offer seats, and how many mentees, are possible.
    """

    heaps: Wide
    sizes: Wide
    least: sides.Integers
    fits: Wide
    place_heaps: Wide
    place_sizes: Wide
    place_least: sides.Integers
    place_fits: sides.Integers


class Missed(NamedTuple):
    """What prices [places] and profits [n] do not cover: heaps of the worst [n, k] and their sizes.

    `margin` [n]: the greatest weight beyond a price. `claim` [places]: what the most interested mentee would
    pay where there is no seat. `tight`: pairs that are covered exactly, as row · 2³² + place; `noted`: how
    many, and whether there was no room for more.
    """

    price: sides.Integers
    profit: sides.Integers
    heaps: Wide
    sizes: Wide
    margin: sides.Integers
    claim: sides.Integers
    tight: Wide
    noted: Wide


class Rather(NamedTuple):
    """What every mentee has [n] and each place gets at least [places], in [0, 1]; counts by margin."""

    has: sides.Floats
    least: sides.Floats
    margins: sides.Floats
    counts: Wide


class Packed(NamedTuple):
    """n mentees and b blocks of 1,024 places for mentors; a place is block · 1,024 + slot.

    `row` [n]: the mentee's row in the index; `column` [places]: the mentor's column, NOBODY where nobody is.
    `words` [n, w] of 32 bits, `whole` [n, 11], `parts` [n, 2], `goal`, `share` [n, goals], `serves` [n,
    aims]: what mentees say; `their_…` [b, kinds · 1,024]: what mentors say, one kind after the other;
    `aim_…`: who of a block has an aim, by block and aim; `any` [b, w], `levels` [b, 2]: of a whole block.
    `filled` [b]: places to look at; `seated` [b]: whether there are seats. `odd_…`: pairs with something of
    their own, by mentee. `asked` [6], `weigh` [25]: the rules.
    """

    row: sides.Integers
    column: sides.Integers
    words: Words
    whole: sides.Integers
    parts: sides.Floats
    goal: sides.Integers
    share: sides.Floats
    serves: sides.Floats
    their_words: Words
    their_whole: sides.Integers
    their_parts: sides.Floats
    reach: sides.Floats
    teaches: sides.Floats
    aim_at: Wide
    aim_slot: sides.Integers
    aim_share: sides.Floats
    any: Words
    levels: sides.Integers
    filled: Wide
    seated: Wide
    odd_at: Wide
    odd_place: sides.Integers
    odd_lift: sides.Floats
    odd_extra: sides.Integers
    asked: Wide
    weigh: sides.Floats


def pack(index: arrays.Index, *, roomy: bool = False) -> Packed:
    """The packed form of a market's arrays; a `roomy` one can be extended by people of the same frame."""
    row = np.flatnonzero(_able(index.left)).astype(np.int32)
    column = _places(index)
    known = np.maximum(column, 0)
    empty = column == NOBODY
    mine, theirs, ends = _words(index, roomy=roomy)
    their_words = theirs[known]
    their_words[empty] = 0
    every = np.arange(len(index.reach))
    wanted = every if roomy else np.unique(index.goal_skill[row])
    aimed = every if roomy else np.unique(index.aim_skill[index.aim_share > 0])
    goal = np.searchsorted(wanted, index.goal_skill[row])
    blocks = len(column) // BLOCK
    there = ~empty.reshape(blocks, BLOCK)
    return Packed(
        row=row,
        column=column,
        words=mine[row],
        whole=_of_mentees(index, row),
        parts=np.stack([index.left.root, index.left.rating], axis=1)[row],
        goal=_threes(goal.astype(np.int32)),
        share=_threes(index.goal_share[row]),
        serves=np.ascontiguousarray(index.serves[aimed][:, row].T),
        their_words=blocked(their_words.T),
        their_whole=blocked(_of_mentors(index)[:, known]),
        their_parts=blocked(np.stack([index.right.root, index.right.rating])[:, known]),
        reach=blocked(index.reach[wanted][:, known]),
        teaches=blocked(index.teaches[wanted][:, known]),
        **_aims(index, aimed, column),
        any=np.bitwise_or.reduce(their_words.reshape(blocks, BLOCK, their_words.shape[1]), axis=1),
        levels=levels(index.right.level[known].reshape(blocks, BLOCK), there),
        filled=-(-there.sum(axis=1, dtype=np.int64) // LANE) * LANE,
        seated=(index.seats[known] * ~empty).reshape(blocks, BLOCK).max(axis=1, initial=0).astype(np.int64),
        **_odd(index, row, column),
        **_asked(index, ends),
    )


def seats(packed: Packed, index: arrays.Index) -> Wide:
    """The free seats at each place."""
    free: Wide = np.where(packed.column == NOBODY, 0, index.seats[np.maximum(packed.column, 0)])
    return free.astype(np.int64)


def levels(level: sides.Integers, there: sides.Flags) -> sides.Integers:
    """The lowest and the highest level of each block."""
    low = np.where(there, level, ANY_LEVEL).min(axis=1, initial=ANY_LEVEL)
    high = np.where(there, level, -ANY_LEVEL).max(axis=1, initial=-ANY_LEVEL)
    return np.stack([low, high], axis=1).astype(np.int32)


def _able(side: sides.Side) -> sides.Flags:
    able: sides.Flags = side.eligible & side.consent & side.ready
    return able


def _places(index: arrays.Index) -> sides.Integers:
    """Who stands where: full blocks of those with seats, then of those without.

    By site, because whole sites share no hours; where levels are asked for, by these first.
    """
    able = np.flatnonzero(_able(index.right))
    site, level = index.right.site[able], index.right.level[able]
    first = (site, level) if index.whole.rules.seniority else (level, site)
    order = able[np.lexsort((able, *first))]
    free = index.seats[order] > 0
    found = [np.zeros(0, np.int64)]
    for group in (order[free], order[~free]):
        found += [group, np.full(-len(group) % BLOCK, NOBODY, np.int64)]
    return np.concatenate(found).astype(np.int32)


def _words(index: arrays.Index, *, roomy: bool) -> tuple[Words, Words, list[int]]:
    """All that is counted in bits, of both sides, and where hours, languages and interests end; then how many
    words of 32 bits the answers on values and on style are."""
    kinds = [
        _in_use(index.left.hours, index.right.hours, roomy=roomy),
        _in_use(index.left.languages, index.right.languages, roomy=roomy),
        _in_use(index.left.interests, index.right.interests, roomy=roomy),
        _thermometers(index.left.values, index.right.values),
        _thermometers(index.left.style, index.right.style),
    ]
    width = [mine.shape[1] for mine, _ in kinds]
    ends = [*np.cumsum(width[:3]).tolist(), width[3] // 2, width[4] // 2]
    mine, theirs = (np.concatenate(side, axis=1) for side in zip(*kinds, strict=True))
    return mine, theirs, ends


def _in_use(left: sides.Words, right: sides.Words, *, roomy: bool) -> tuple[Words, Words]:
    """Bitsets as words of 32 bits, without those that nobody of one side has a bit of; at least one."""
    mine, theirs = (side.astype("<u8").view("<u4").astype(np.uint32) for side in (left, right))
    if roomy:
        return mine, theirs
    used = np.bitwise_or.reduce(mine, axis=0) & np.bitwise_or.reduce(theirs, axis=0)
    kept = np.flatnonzero(used) if used.any() else np.zeros(1, np.int64)
    return mine[:, kept], theirs[:, kept]


def _thermometers(left: sides.Scales, right: sides.Scales) -> tuple[Words, Words]:
    """Four bits per scale, eight scales per word: an answer of x as x − 1 bits, then 15 where one is given.

    Where both are given, the bits in which two answers differ are as many as the points between them.
    """
    sides_of = []
    for answers in (left, right):
        padded = np.zeros((len(answers), -(-answers.shape[1] // 8) * 8), np.uint32)
        padded[:, : answers.shape[1]] = answers
        level = (np.uint32(1) << np.maximum(padded, 1) - np.uint32(1)) - np.uint32(1)
        given = np.where(padded > 0, np.uint32(15), np.uint32(0))
        sides_of.append(np.concatenate([_eights(level), _eights(given)], axis=1))
    return sides_of[0], sides_of[1]


def _eights(nibbles: Words) -> Words:
    """Eight numbers below 16 as one word."""
    words = nibbles.reshape(len(nibbles), nibbles.shape[1] // 8, 8)
    shifted = words << np.arange(0, 32, 4, dtype=np.uint32)
    joined: Words = np.bitwise_or.reduce(shifted, axis=2).astype(np.uint32)
    return joined


def _of_mentees(index: arrays.Index, row: sides.Integers) -> sides.Integers:
    """tin, tout, team (−1: fits any), site, city, lowest and highest level of a mentor, level, whether the
    goal names a level, bonus, whether any skill is shared."""
    side, asked = index.left, index.whole.rules.seniority
    team = np.where((side.team > 0) & (not index.whole.rules.same_team), side.team, -1)
    known = side.level != sides.NO_LEVEL
    low = np.full(len(team), -ANY_LEVEL, np.int32)
    high = np.full(len(team), ANY_LEVEL, np.int32)
    if asked > 0:
        low = np.where(known, side.level + asked, ANY_LEVEL)
    elif asked < 0:
        low[:] = market.LEVELS[0]
        high = np.where(known, side.level + asked, -ANY_LEVEL)
    kinds = (side.tin, side.tout, team, side.site, side.city, low, high, side.level)
    more = (index.names_level & known, index.bonus, index.shares)
    return np.stack([kind.astype(np.int32) for kind in (*kinds, *more)], axis=1)[row]


def _of_mentors(index: arrays.Index) -> sides.Integers:
    """tin, tout, team, level, site, city, whether they offer any seat at all, whether they have an aim."""
    side = index.right
    kinds = (side.tin, side.tout, side.team, side.level, side.site, side.city, index.offers, index.aims)
    return np.stack([kind.astype(np.int32) for kind in kinds])


def _aims(index: arrays.Index, aimed: Table, column: sides.Integers) -> dict[str, Table]:
    """Who has each aim, with its share of all they have: from `aim_at[block · aims + aim]` to the next."""
    place = np.full(len(index.right.numbers), NOBODY, np.int64)
    place[column[column != NOBODY]] = np.flatnonzero(column != NOBODY)
    who, which = np.nonzero((index.aim_share > 0) & (place != NOBODY)[:, None])
    block, slot = np.divmod(place[who], BLOCK)
    kind = block * len(aimed) + np.searchsorted(aimed, index.aim_skill[who, which])
    order = np.lexsort((slot, kind))
    kinds = len(column) // BLOCK * len(aimed)
    return {
        "aim_at": np.searchsorted(kind[order], np.arange(kinds + 1)).astype(np.int64),
        "aim_slot": slot[order].astype(np.int32),
        "aim_share": index.aim_share[who, which][order],
    }


def _threes(table: Table) -> Table:
    """With columns of 0 up to a multiple of three."""
    return np.pad(table, ((0, 0), (0, -table.shape[1] % 3)))


def blocked(kinds: Table) -> Table:
    """[kinds, places] as [blocks, kinds · 1,024]."""
    count, places = kinds.shape
    blocks = kinds.reshape(count, places // BLOCK, BLOCK).transpose(1, 0, 2)
    return np.ascontiguousarray(blocks).reshape(places // BLOCK, count * BLOCK)


def _odd(index: arrays.Index, row: sides.Integers, column: sides.Integers) -> dict[str, Table]:
    """Blocked, standing and favourite pairs as (place, lift, what is added), by mentee and place."""
    at = np.full(len(index.left.numbers), NOBODY, np.int64)
    at[row] = np.arange(len(row))
    place = np.full(len(index.right.numbers), NOBODY, np.int64)
    place[column[column != NOBODY]] = np.flatnonzero(column != NOBODY)
    pairs = np.concatenate([index.blocked, index.standing, index.favourites]).astype(np.int64)
    apart, standing = len(index.blocked), len(index.blocked) + len(index.standing)
    extra = np.zeros(len(pairs), np.int64)
    extra[:apart], extra[apart:standing] = BARRED, index.whole.rules.hysteresis
    lift = np.concatenate([np.zeros(standing, np.float32), index.lift])
    i, j = at[pairs[:, 0]], place[pairs[:, 1]]
    here = (i != NOBODY) & (j != NOBODY)
    return odd((i[here], j[here]), lift[here], extra[here], shape=(len(row), len(column)))


def odd(
    pairs: tuple[Wide, Wide], lift: sides.Floats, extra: Wide, *, shape: tuple[int, int]
) -> dict[str, Table]:
    """The `odd_…` of pairs (packed row, place), each with how far it is lifted and what is added to it."""
    width = max(1, shape[1])
    key, which = np.unique(pairs[0] * width + pairs[1], return_inverse=True)
    odd_extra = np.zeros(len(key), np.int64)
    np.add.at(odd_extra, which, extra)
    odd_lift = np.zeros(len(key), np.float32)
    np.maximum.at(odd_lift, which, lift)
    mentee, odd_place = np.divmod(key, width)
    return {
        "odd_at": np.searchsorted(mentee, np.arange(shape[0] + 1)).astype(np.int64),
        "odd_place": odd_place.astype(np.int32),
        "odd_lift": odd_lift,
        "odd_extra": odd_extra.astype(np.int32),
    }


def _asked(index: arrays.Index, ends: list[int]) -> dict[str, Table]:
    """Where the kinds of words end, the fewest half-hours; then weights, priors and the gap."""
    asked = index.whole.rules
    weights = [*(asked.mentee_weights.get(code, 0.0) for code in market.COMPONENTS)]
    weights += [*(asked.mentor_weights.get(code, 0.0) for code in market.COMPONENTS)]
    priors = [getattr(asked.priors, code) for code in PRIORS]
    return {
        "asked": np.array([*ends, asked.min_shared_half_hours], np.int64),
        "weigh": np.array([*weights, *priors, asked.target_gap], np.float32),
    }


def room() -> Room:
    """Where one thread works."""
    return np.zeros(ROOM, np.float32), np.zeros(ROOM, np.int32)

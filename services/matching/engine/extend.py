"""People who come to a packed market, or leave it, one by one; nobody else is packed again.

Whoever comes is a packed market of one person in the same frame (`index.Frame`, `pack.pack(…, roomy=True)`).
Rows of mentees and places of mentors are the caller's. Who left has no hours and no languages, so nobody fits
them; what a block of mentors has in common may be told too widely afterwards, which costs time and no pair.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from services.matching.engine import pack
from services.matching.engine.pack import BLOCK, LANE, Packed, Table
from services.matching.engine.state import NOBODY

OF_MENTEES = ("words", "whole", "parts", "goal", "share", "serves")
OF_MENTORS = ("their_words", "their_whole", "their_parts", "reach", "teaches")


def with_mentee(packed: Packed, row: int, one: Packed) -> Packed:
    """The mentee of `one` in this row."""
    packed = _rows(packed, row + 1)
    wider = {name: _wider(getattr(packed, name), getattr(one, name).shape[1]) for name in ("goal", "share")}
    packed = packed._replace(**wider)
    packed.row[row] = row
    for name in OF_MENTEES:
        mine, theirs = getattr(packed, name), getattr(one, name)
        mine[row] = 0
        mine[row, : theirs.shape[1]] = theirs[0]
    return packed


def without_mentee(packed: Packed, row: int) -> None:
    packed.words[row] = 0
    packed.row[row] = NOBODY


def with_mentor(packed: Packed, place: int, one: Packed, *, seats: bool) -> Packed:
    """The mentor of `one` at this place, in place of whoever was there; `seats`: whether they have any."""
    packed = without_mentor(_blocks(packed, place // BLOCK + 1), place)
    b, slot = divmod(place, BLOCK)
    packed.column[place] = place
    for name in OF_MENTORS:
        _kinds(getattr(packed, name)[b])[:, slot] = _kinds(getattr(one, name)[0])[:, 0]
    packed.any[b] |= one.any[0]
    packed.levels[b, 0] = min(packed.levels[b, 0], one.levels[0, 0])
    packed.levels[b, 1] = max(packed.levels[b, 1], one.levels[0, 1])
    packed.filled[b] = max(packed.filled[b], -(-(slot + 1) // LANE) * LANE)
    if seats:
        open_block(packed, place)
    return _with_aims(packed, place, one)


def without_mentor(packed: Packed, place: int) -> Packed:
    b, slot = divmod(place, BLOCK)
    packed.column[place] = NOBODY
    _kinds(packed.their_words[b])[:, slot] = 0
    kinds = packed.serves.shape[1]
    here = slice(packed.aim_at[b * kinds], packed.aim_at[(b + 1) * kinds])
    gone = np.flatnonzero(packed.aim_slot[here] == slot) + here.start
    if len(gone) == 0:
        return packed
    return packed._replace(
        aim_at=packed.aim_at - np.searchsorted(gone, packed.aim_at),
        aim_slot=np.delete(packed.aim_slot, gone),
        aim_share=np.delete(packed.aim_share, gone),
    )


def open_block(packed: Packed, place: int) -> None:
    """Somebody at this place has seats."""
    packed.seated[place // BLOCK] = 1


def _with_aims(packed: Packed, place: int, one: Packed) -> Packed:
    kinds = packed.serves.shape[1]
    b, slot = divmod(place, BLOCK)
    kind = np.repeat(np.arange(len(one.aim_at) - 1), np.diff(one.aim_at)) % max(1, kinds)
    if len(kind) == 0:
        return packed
    at = packed.aim_at[b * kinds + kind + 1]
    return packed._replace(
        aim_at=packed.aim_at + np.searchsorted(b * kinds + kind, np.arange(len(packed.aim_at)), side="left"),
        aim_slot=np.insert(packed.aim_slot, at, np.int32(slot)),
        aim_share=np.insert(packed.aim_share, at, one.aim_share),
    )


def _kinds(block: Table) -> Table:
    """What a block's mentors say, [kinds, 1,024], to read and to write."""
    return block.reshape(-1, BLOCK)


def _rows(packed: Packed, rows: int) -> Packed:
    """At least so many rows, those added without anybody."""
    have = len(packed.row)
    if rows <= have:
        return packed
    more = max(rows, 2 * have) - have
    grown = {name: _longer(getattr(packed, name), more) for name in OF_MENTEES}
    return packed._replace(
        row=np.concatenate((packed.row, np.full(more, NOBODY, np.int32))),
        odd_at=np.concatenate((packed.odd_at, np.full(more, packed.odd_at[-1]))),
        **grown,
    )


def _blocks(packed: Packed, blocks: int) -> Packed:
    """At least so many blocks, those added empty."""
    more = blocks - len(packed.filled)
    if more <= 0:
        return packed
    grown = {name: _longer(getattr(packed, name), more) for name in (*OF_MENTORS, "any", "filled", "seated")}
    nobody = np.tile(np.array([[pack.ANY_LEVEL, -pack.ANY_LEVEL]], np.int32), (more, 1))
    aims = np.full(more * packed.serves.shape[1], packed.aim_at[-1])
    return packed._replace(
        column=np.concatenate((packed.column, np.full(more * BLOCK, NOBODY, np.int32))),
        levels=np.concatenate((packed.levels, nobody)),
        aim_at=np.concatenate((packed.aim_at, aims)),
        **grown,
    )


def _longer(table: Table, more: int) -> Table:
    return np.concatenate((table, np.zeros((more, *table.shape[1:]), table.dtype)))


def _wider(table: Table, width: int) -> Table:
    """At least so many columns, those added 0."""
    more = max(0, width - table.shape[1])
    return cast(npt.NDArray[np.generic], np.pad(table, ((0, 0), (0, more))) if more else table)

"""Some mentees, or some mentors, of a packed market, packed by themselves for a look at fewer pairs."""

from __future__ import annotations

import numpy as np

from services.matching.engine import arena, pack
from services.matching.engine.pack import BLOCK, LANE, Packed, Table
from services.matching.engine.state import NOBODY, Wide

OF_MENTEES = ("row", "words", "whole", "parts", "goal", "share", "serves")
OF_MENTORS = ("their_words", "their_whole", "their_parts", "reach", "teaches")
LEVEL = 3


def of_rows(packed: Packed, rows: Wide) -> Packed:
    """These mentees with everybody; row r is that of `rows[r]`."""
    size = np.diff(packed.odd_at)[rows]
    here = arena.positions(packed.odd_at[rows], size)
    return packed._replace(
        **{name: getattr(packed, name)[rows] for name in OF_MENTEES},
        odd_at=np.concatenate((np.zeros(1, np.int64), np.cumsum(size))),
        odd_place=packed.odd_place[here],
        odd_lift=packed.odd_lift[here],
        odd_extra=packed.odd_extra[here],
    )


def of_places(packed: Packed, places: Wide) -> Packed:
    """Everybody with the mentors at these places, ascending; place p is that of `places[p]`.

    Either all of them have seats or none has.
    """
    blocks = -(-len(places) // BLOCK)
    theirs = {name: _gathered(getattr(packed, name), places) for name in OF_MENTORS}
    there = np.arange(blocks * BLOCK).reshape(blocks, BLOCK) < len(places)
    level = theirs["their_whole"][:, LEVEL * BLOCK : (LEVEL + 1) * BLOCK]
    words = theirs["their_words"].reshape(blocks, packed.any.shape[1], BLOCK)
    return packed._replace(
        **theirs,
        **_aims(packed, places),
        **_odd(packed, places),
        column=np.concatenate((packed.column[places], np.full(-len(places) % BLOCK, NOBODY, np.int32))),
        any=np.bitwise_or.reduce(words, axis=2),
        levels=pack.levels(level, there),
        filled=-(-there.sum(axis=1, dtype=np.int64) // LANE) * LANE,
        seated=np.full(blocks, packed.seated[places[0] // BLOCK] if len(places) else 0, np.int64),
    )


def _gathered(table: Table, places: Wide) -> Table:
    """[blocks, kinds · 1,024] of these places alone."""
    kinds = table.reshape(len(table), table.shape[1] // BLOCK, BLOCK)
    chosen = kinds[places // BLOCK, :, places % BLOCK]
    padded = np.concatenate((chosen, np.zeros((-len(places) % BLOCK, kinds.shape[1]), table.dtype)))
    return pack.blocked(padded.T)


def _new_places(packed: Packed, places: Wide) -> Wide:
    found = np.full(len(packed.column), NOBODY, np.int64)
    found[places] = np.arange(len(places))
    return found


def _aims(packed: Packed, places: Wide) -> dict[str, Table]:
    kinds = packed.serves.shape[1]
    of = np.repeat(np.arange(len(packed.aim_at) - 1), np.diff(packed.aim_at))
    block, kind = np.divmod(of, max(1, kinds))
    place = _new_places(packed, places)[block * BLOCK + packed.aim_slot]
    here = np.flatnonzero(place != NOBODY)
    group = place[here] // BLOCK * kinds + kind[here]
    order = np.lexsort((place[here], group))
    groups = -(-len(places) // BLOCK) * kinds
    return {
        "aim_at": np.searchsorted(group[order], np.arange(groups + 1)).astype(np.int64),
        "aim_slot": (place[here][order] % BLOCK).astype(np.int32),
        "aim_share": packed.aim_share[here][order],
    }


def _odd(packed: Packed, places: Wide) -> dict[str, Table]:
    mentee = np.repeat(np.arange(len(packed.odd_at) - 1), np.diff(packed.odd_at))
    place = _new_places(packed, places)[packed.odd_place]
    here = place != NOBODY
    return {
        "odd_at": np.searchsorted(mentee[here], np.arange(len(packed.odd_at))).astype(np.int64),
        "odd_place": place[here].astype(np.int32),
        "odd_lift": packed.odd_lift[here],
        "odd_extra": packed.odd_extra[here],
    }

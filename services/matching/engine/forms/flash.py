"""Flash mentoring: one short talk per mentee, at one of the given half-hours, with a mentor who is free then.

A mentor and a slot make one seat, so this is an assignment to (mentor, slot) seats, and its prices prove it
over all pairs of a mentee and such a seat. Only the half-hours of the talks count as anybody's hours, and one
of them that both have is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.matching.engine import assign, market, sides
from services.matching.engine import hours as week
from services.matching.engine import index as arrays
from services.matching.engine.forms import found
from services.matching.engine.forms.found import Found
from services.matching.engine.graph import Stop, never
from services.matching.engine.reasons import Reason
from services.matching.engine.state import NOBODY

TALK_HOURS = 0.5
FORBIDDEN = {"no-shared-hours": Reason("no-shared-hours", "There is no talk at which both have time.")}


def at_talks(whole: market.Market) -> market.Market:
    """The market with nobody's hours but those of the talks."""
    talks = sum(1 << slot for slot in set(whole.rules.slots) if 0 <= slot < week.HALF_HOURS)
    return replace(
        whole,
        mentees=tuple(replace(one, hours=one.hours & talks) for one in whole.mentees),
        mentors=tuple(replace(one, hours=one.hours & talks) for one in whole.mentors),
        rules=replace(whole.rules, min_shared_hours=TALK_HOURS),
    )


def seats(index: arrays.Index, weights: sides.Integers, slots: tuple[int, ...]) -> sides.Integers:
    """The weights [n, m · slots] of each mentee at each (mentor, slot), 0 where one of the two is not free.

    The seat of mentor j in the k-th slot is column j · slots + k. A mentor without seats left has none.
    """
    mentees = _free(index.left.hours, slots)
    mentors = _free(index.right.hours, slots) & (index.seats > 0)[:, None]
    wide = weights[:, :, None] * (mentees[:, None, :] & mentors[None, :, :])
    spread: sides.Integers = wide.reshape(len(weights), wide.shape[1] * len(slots)).astype(np.int32)
    return spread


def names(mentors: Sequence[str], slots: tuple[int, ...]) -> tuple[str, ...]:
    """The seats by name: the mentor's number and the half-hour."""
    return tuple(f"{number} {slot}" for number in mentors for slot in slots)


def place(
    index: arrays.Index, weights: sides.Integers, *, solver: assign.Solver, stop: Stop = never
) -> Found:
    """The best talks: every mentee at most one, every mentor at most one per slot."""
    slots = index.whole.rules.slots
    spread = seats(index, weights, slots)
    numbers = index.left.numbers, names(index.right.numbers, slots)
    assigned = assign.best(spread, np.ones(spread.shape[1], np.int32), numbers, solver=solver, stop=stop)
    seat = assigned.partner
    width = max(1, len(slots))
    at = np.array([*slots, NOBODY], np.int64)
    return replace(
        found.of(assigned, proof="slots"),
        partner=np.where(seat == NOBODY, NOBODY, seat // width),
        slot=np.where(seat == NOBODY, NOBODY, at[np.where(seat == NOBODY, -1, seat % width)]),
    )


def _free(hours: sides.Words, slots: tuple[int, ...]) -> sides.Flags:
    """Who [n, slots] is free in which half-hour of the week."""
    free = np.zeros((len(hours), len(slots)), np.bool_)
    for position, slot in enumerate(slots):
        free[:, position] = hours[:, slot // 64] >> np.uint64(slot % 64) & np.uint64(1)
    return free

"""A look at all pairs that follows another one: only those are looked at who can differ.

A pair whose profit and price are those of the last full look is covered now as it was then, unless its mentee
had more pairs that were not covered than the look named. So the mentees whose profit has changed are looked
at with everybody, and the mentors whose price has changed with everybody else; the rest is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine import excerpt, survey
from services.matching.engine.pack import BLOCK, Packed
from services.matching.engine.scan import LOTS
from services.matching.engine.sides import Flags
from services.matching.engine.state import Wide
from services.matching.engine.survey import Crew, Look

SHUT = 1 << 29
SHARE_MAX = 0.5


@dataclass(frozen=True, slots=True)
class Last:
    """The last look at all pairs: what it asked and saw, and which mentees have more than it named."""

    price: Wide
    profit: Wide
    found: Look
    more: Flags


def look(
    packed: Packed, duals: tuple[Wide, Wide], crew: Crew, *, added: int, last: Last | None
) -> tuple[Look, Last]:
    """As `survey.look`, and what the next one may build on; after a full look, where that is less work."""
    if last is not None:
        rows = (last.profit != duals[1]) | last.more
        places = last.price != duals[0]
        if rows.mean() + places.sum() / max(1, packed.filled.sum()) < SHARE_MAX:
            return _partly(packed, duals, crew, added=added, last=last, changed=(rows, places)), last
    found = survey.look(packed, duals, crew, added=added)
    more = np.bincount(found.row, minlength=len(packed.row)) >= added
    return found, Last(duals[0].copy(), duals[1].copy(), found, more)


def _partly(
    packed: Packed,
    duals: tuple[Wide, Wide],
    crew: Crew,
    *,
    added: int,
    last: Last,
    changed: tuple[Flags, Flags],
) -> Look:
    # Parts of a look are not told one by one: what is done would seem to begin anew with each.
    crew = replace(crew, tell=lambda share: None)
    price, profit = duals
    rows, places = np.flatnonzero(changed[0]), np.flatnonzero(changed[1])
    one = survey.look(excerpt.of_rows(packed, rows), (price, profit[rows]), crew, added=added)
    some = excerpt.of_places(packed, places)
    their_price = np.concatenate((price[places], np.full(-len(places) % BLOCK, SHUT)))
    # Who has been looked at with everybody is covered by any price.
    others = np.where(changed[0], SHUT, profit)
    two = survey.look(some, (their_price, others), crew, added=added)
    covered = np.where(changed[0], 0, two.profit)
    covered[rows] = one.profit
    kept = ~(changed[0][last.found.tight_row] | changed[1][last.found.tight_place])
    tight = _sorted(
        (last.found.tight_row[kept], last.found.tight_place[kept]),
        (rows[one.tight_row], one.tight_place),
        (two.tight_row, places[two.tight_place]),
    )
    return Look(
        row=np.concatenate((rows[one.row], two.row)),
        place=np.concatenate((one.place, places[two.place])),
        weight=np.concatenate((one.weight, two.weight)),
        profit=covered,
        claim=_claims(packed, profit, crew),
        tight_row=tight // LOTS,
        tight_place=tight % LOTS,
        too_many=last.found.too_many or one.too_many or two.too_many,
        whole=one.whole and two.whole,
    )


def _sorted(*pairs: tuple[Wide, Wide]) -> Wide:
    """Pairs of rows and places as row · 2³² + place, ascending."""
    return np.sort(np.concatenate([row * LOTS + place for row, place in pairs]))


def _claims(packed: Packed, profit: Wide, crew: Crew) -> Wide:
    """What the most interested mentee would pay where there is no seat."""
    claim = np.zeros(len(packed.column), np.int64)
    shut = np.repeat(packed.seated == 0, BLOCK)
    places = np.flatnonzero(shut & (packed.column >= 0))
    if len(places):
        nobody = np.zeros(-(-len(places) // BLOCK) * BLOCK, np.int64)
        found = survey.look(excerpt.of_places(packed, places), (nobody, profit), crew, added=1)
        claim[places] = found.claim[: len(places)]
    return claim

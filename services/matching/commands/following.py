"""Whether a large programme has anything to offer to whoever joined, before a run of it is held.

A run of tens of thousands of people is a process of its own and writes a line for each of them. That most
newcomers of a programme whose seats are taken wait for is not a run but a seat: their coming is an event on
pairs that are kept beside the projection, and where it makes no pair that may be offered no run is held. What
is kept is made anew from the tables by any process that has it not.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from services.matching import engine, store
from services.matching.commands.projection import Projection, Projections
from services.matching.core.following import Followed
from services.matching.store.solving import Waiting
from shared import jobs
from shared.tx import AWAY, Door, lent, snapshot

FOLLOWED_MAX = 4


@dataclass(eq=False)
class Following:
    """The pairs of the programmes looked at last, at most FOLLOWED_MAX."""

    _kept: OrderedDict[UUID, Followed] = field(default_factory=OrderedDict)

    def best(self, programme_id: UUID, market: engine.Market) -> int:
        """The best score of a pair now, as an integer; 0: no pair. Pure work, for a thread."""
        followed = self._kept.pop(programme_id, None)
        if followed is None:
            followed = Followed(market)
        else:
            followed.follow(market)
        self._kept[programme_id] = followed
        while len(self._kept) > FOLLOWED_MAX:
            self._kept.popitem(last=False)
        return max(followed.scores().values(), default=0)


async def offers_something(door: Door, run: Waiting, kept: Projections, following: Following) -> bool:
    """Whether a run that only offers would; where it would not it is taken back, and the next round decides.

    True also where another process works on the programme, and where it cannot be told: then the run itself
    does it, or fails and says why.
    """
    looking = asyncio.ensure_future(_look(door, run, kept, following))
    error = await jobs.tried("follow", looking, run_id=str(run.id))
    return error is not None or looking.result()


async def _look(door: Door, run: Waiting, kept: Projections, following: Following) -> bool:
    async with lent(door) as holding:
        if not await store.solving.take(holding, run.programme_id):
            return True
        try:
            async with snapshot(door) as conn:
                seen = await kept.of(conn, run.programme_id, now=door.clock.now())
            if await asyncio.to_thread(_has_offers, following, seen):
                return True
            return not await store.solving.take_back(holding, run.id)
        finally:
            with suppress(*AWAY):
                await store.solving.leave(holding, run.programme_id)


def _has_offers(following: Following, seen: Projection) -> bool:
    best = following.best(seen.pool.programme.id, seen.market)
    return best > 0 and best >= seen.pool.programme.rules.reserve * engine.WEIGHT_OF_ONE

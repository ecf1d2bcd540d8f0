"""What is in the tables about one programme, as the engine wants it, kept in memory between questions.

The tables are the truth. A projection is thrown away as soon as their edition differs, which is one small
query, or when the business time of the question is another one; then it is read again. Nothing waits for it
to be told of a change, so a missed message cannot make it wrong, and a process that starts has nothing to
catch up.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.matching import core, engine, store
from services.matching.commands import rounds
from services.matching.core.ids import RunId
from services.matching.core.pool import Pool
from shared.tx import Connection

KEPT_MAX = 8
PEOPLE_MAX = 50_000


@dataclass(eq=False)
class Projection:
    """A programme's pool and market at one moment; and, once somebody has asked about a pair, its index."""

    edition: str
    now: datetime
    pool: Pool
    market: engine.Market
    _prepared: engine.Prepared | None = None

    async def explain(self, mentee: str, mentor: str) -> engine.Pairing:
        """Raises KeyError for numbers that are not in the market, and InvalidMarket."""
        if self._prepared is None:
            self._prepared = await asyncio.to_thread(engine.prepare, self.market)
        return self._prepared.explain(mentee, mentor)


@dataclass(eq=False)
class Projections:
    """The programmes asked about last: at most KEPT_MAX of them, of PEOPLE_MAX participations together, and
    always the last one."""

    _kept: OrderedDict[tuple[UUID, RunId | None, RunId | None], Projection] = field(
        default_factory=OrderedDict
    )

    async def of(
        self,
        conn: Connection,
        programme_id: UUID,
        *,
        now: datetime,
        besides: RunId | None = None,
        standing: RunId | None = None,
    ) -> Projection:
        """As of `now`; the pairs of the run `besides` count as not made, those of `standing` as found and not
        published. Raises NotFound."""
        key = programme_id, besides, standing
        edition = await store.solving.edition(conn, programme_id)
        kept = self._kept.pop(key, None)
        if kept is None or (kept.edition, kept.now) != (edition, now):
            kept = await _read(conn, key, edition, now=now)
        self._kept[key] = kept
        while len(self._kept) > 1 and (len(self._kept) > KEPT_MAX or self._people() > PEOPLE_MAX):
            self._kept.popitem(last=False)
        return kept

    def _people(self) -> int:
        return sum(len(one.pool.participations) for one in self._kept.values())


async def _read(
    conn: Connection, key: tuple[UUID, RunId | None, RunId | None], edition: str, *, now: datetime
) -> Projection:
    programme_id, besides, standing = key
    programme = await store.programmes.get(conn, programme_id)
    everybody = await store.participations.of_programme(conn, programme_id)
    pool, _ = await rounds.load(conn, programme, everybody, now=now, besides=besides, standing=standing)
    market = await asyncio.to_thread(core.pool.market, pool)
    return Projection(edition, now, pool, market)


def hour_of(now: datetime) -> datetime:
    """Questions of the same hour are answered from one projection."""
    return now.replace(minute=0, second=0, microsecond=0)

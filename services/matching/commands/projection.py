"""What is in the tables about one programme, as the engine wants it, kept in memory between questions.

The tables are the truth. As soon as their edition differs, which is one small query, or the business time of
the question is another one, what has changed is read again. Nothing waits for it to be told of a change, so a
missed message cannot make it wrong, and a process that starts has nothing to catch up.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.matching import core, engine, store
from services.matching.commands import reading
from services.matching.core.ids import PersonId, RunId
from services.matching.core.pool import Pool
from services.matching.core.runs import Run
from shared.tx import Connection

KEPT_MAX = 8
PEOPLE_MAX = 50_000


@dataclass(eq=False)
class Projection:
    """A programme's pool and market at one moment, and which edition of the tables that is.

    `freed_at` is when people are free to meet again whom they are kept apart from. Once somebody has asked
    about a pair, its index is kept.
    """

    edition: str
    pool: Pool
    market: engine.Market
    freed_at: Mapping[PersonId, datetime]
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
        keep: bool = True,
    ) -> Projection:
        """As of `now`; the pairs of the run `besides` count as not made, those of `standing` as found and not
        published. A transaction that writes does not `keep` what it reads: it may be undone. Raises NotFound.
        """
        key = programme_id, besides, standing
        edition = await store.solving.edition(conn, programme_id)
        kept = self._kept.get(key)
        if kept is None or (kept.edition, kept.pool.now) != (edition, now):
            kept = await _read(conn, key, edition, now=now, before=kept or self._any_of(programme_id))
        if keep:
            self._keep(key, kept)
        return kept

    def _any_of(self, programme_id: UUID) -> Projection | None:
        """Who takes part is the same whatever the question."""
        return next((kept for key, kept in reversed(self._kept.items()) if key[0] == programme_id), None)

    def _keep(self, key: tuple[UUID, RunId | None, RunId | None], kept: Projection) -> None:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and (len(self._kept) > KEPT_MAX or self._people() > PEOPLE_MAX):
            self._kept.popitem(last=False)

    def _people(self) -> int:
        return sum(len(one.pool.participations) for one in self._kept.values())


async def _read(
    conn: Connection,
    key: tuple[UUID, RunId | None, RunId | None],
    edition: str,
    *,
    now: datetime,
    before: Projection | None = None,
) -> Projection:
    programme_id, besides, standing = key
    pool, freed_at = await reading.pool_of(
        conn,
        programme_id,
        now=now,
        besides=besides,
        standing=standing,
        known=None if before is None else before.pool,
    )
    known = None if before is None else (before.pool, before.market)
    market = await asyncio.to_thread(core.pool.market, pool, known)
    return Projection(edition, pool, market, freed_at)


async def look(conn: Connection, run: Run) -> Projection:
    """What a run is about, read whole."""
    edition = await store.solving.edition(conn, run.programme_id)
    return await _read(conn, (run.programme_id, None, run.replaces), edition, now=run.seen_at)


def hour_of(now: datetime) -> datetime:
    """Questions of the same hour are answered from one projection."""
    return now.replace(minute=0, second=0, microsecond=0)

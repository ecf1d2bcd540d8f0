"""Open proposals whose people have changed since: how well the two fit now."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from services.matching import core, engine, store
from services.matching.commands import matches, reading
from services.matching.core.matches import Match
from services.matching.core.pool import Pool
from shared.tx import Tx

FORBIDDEN = "rules-forbid"


async def score_again(tx: Tx) -> None:
    """The proposals of one programme whose people changed. One that the rules forbid now is taken back."""
    outdated = await store.effects.lock_outdated(tx.conn)
    if not outdated:
        return
    pool, _ = await reading.pool_of(tx.conn, outdated[0].programme_id, now=tx.now)
    pool = _as_if_not_proposed(pool, outdated)
    market = await asyncio.to_thread(core.pool.market, pool)
    there = {one.number for one in market.mentees}, {one.number for one in market.mentors}
    looked_at = [one for one in outdated if _numbers(pool, one, there) is not None]
    pairs = [found for one in looked_at if (found := _numbers(pool, one, there))]
    pairings = await asyncio.to_thread(engine.explain_all, market, pairs)
    for match, pairing in zip(looked_at, pairings, strict=True):
        await _note(tx, pool, match, pairing)
    await store.effects.settle(tx.conn, [one.id for one in outdated])


def _as_if_not_proposed(pool: Pool, outdated: Sequence[Match]) -> Pool:
    """The pool in which these seats are free and these two may be brought together."""
    open_pairs = {(one.mentee_participation_id, one.mentor_participation_id) for one in outdated}
    apart = Counter(pool.apart) - Counter((one.mentee_id, one.mentor_id) for one in outdated)
    return replace(
        pool,
        open_pairs=[pair for pair in pool.open_pairs if pair not in open_pairs],
        apart=list(apart.elements()),
    )


def _numbers(pool: Pool, match: Match, there: tuple[set[str], set[str]]) -> tuple[str, str] | None:
    """The two by employee numbers, as far as the market has them."""
    if match.mentee_id not in pool.people or match.mentor_id not in pool.people:
        return None
    found = pool.number(match.mentee_id), pool.number(match.mentor_id)
    return found if found[0] in there[0] and found[1] in there[1] else None


async def _note(tx: Tx, pool: Pool, match: Match, pairing: engine.Pairing) -> None:
    if pairing.forbidden:
        await matches.withdraw(tx, match, FORBIDDEN)
        return
    why = core.pool.why(core.pool.shown(pool, pairing.reasons))
    weight = pairing.weight - pairing.added
    if (match.weight, match.explanation) != (weight, why):
        after = replace(match, weight=weight, explanation=why, version=match.version + 1)
        await store.effects.score_again(tx.conn, after)

"""The work of the clock."""

from __future__ import annotations

from datetime import UTC, datetime

from services.matching import commands, core, store
from shared.service import every
from shared.tx import Connection, Tx

ROWS_MAX = 1000
BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


async def match_round(tx: Tx) -> None:
    """Asks for the round that has been due longest, of one programme; `hold_rounds` solves it.

    Seats that become free at the same moment count: which job is faster must not decide who is matched.
    """
    await apply_due_facts(tx)
    await lapse_proposals(tx)
    await complete_matches(tx)
    await end_pauses(tx)
    programme = await store.programmes.lock_due(tx.conn, tx.now)
    if programme is not None:
        await commands.rounds.ask_when_due(tx, programme)


async def apply_due_facts(tx: Tx) -> None:
    """What was announced for a day that has begun, and absences whose last day is over."""
    await commands.facts.apply_due(tx, ROWS_MAX)


async def score_again(tx: Tx) -> None:
    """Open proposals whose people have changed, of one programme."""
    await commands.rescoring.score_again(tx)


async def next_score(conn: Connection) -> datetime | None:
    """At once, as long as there is one."""
    return BEFORE_ALL if await store.effects.is_any_outdated(conn) else None


async def offer_soon(tx: Tx) -> None:
    """Asks for the run that offers somebody to who joined minutes ago, of one programme."""
    programme = await store.programmes.lock_offer_due(tx.conn, tx.now)
    if programme is not None:
        await commands.rounds.ask_to_offer(tx, programme)


async def lapse_proposals(tx: Tx) -> None:
    """Proposals that were not answered by both sides in time."""
    for match in await store.matches.lock_lapsed(tx.conn, tx.now, ROWS_MAX):
        await commands.matches.lapse(tx, match)


async def complete_matches(tx: Tx) -> None:
    """Matches whose last day is over."""
    last_day = core.matches.last_day_before(tx.now)
    for match in await store.matches.lock_over(tx.conn, last_day, ROWS_MAX):
        await commands.matches.end(tx, match, "completed")


async def end_pauses(tx: Tx) -> None:
    """Participations that come back today."""
    await commands.pausing.end_pauses(tx)


async def forget_files(tx: Tx) -> None:
    """What files of people held, a month after they came."""
    await commands.files.forget(tx)


async def next_forgetting(conn: Connection) -> datetime | None:
    oldest = await store.files.oldest_kept(conn)
    return None if oldest is None else oldest + core.files.KEPT


async def erase_people(tx: Tx) -> None:
    """People who asked to be forgotten, one at a time."""
    await commands.privacy.run_due(tx)


async def say_tombstones_again(tx: Tx) -> None:
    """So that topics of cards come to forget whom they have been told to forget."""
    await commands.privacy.say_again(tx)


async def next_pause_end(conn: Connection) -> datetime | None:
    day = await store.participations.next_pause_end(conn)
    return None if day is None else core.matches.over_at(day)


async def next_completion(conn: Connection) -> datetime | None:
    day = await store.matches.next_ends_on(conn)
    return None if day is None else core.matches.over_at(day)


JOBS = (
    every(60, apply_due_facts, store.facts.next_due),
    every(60, lapse_proposals, store.matches.next_answer_by),
    every(60, complete_matches, next_completion),
    every(60, end_pauses, next_pause_end),
    every(60, score_again, next_score),
    every(60, offer_soon, store.programmes.next_offer_at),
    every(60, match_round, store.programmes.next_round_at),
    every(3600, forget_files, next_forgetting),
    every(60, erase_people, store.privacy.next_run_at),
    every(60, say_tombstones_again, store.privacy.next_again_at),
)

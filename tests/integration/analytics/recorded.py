"""A store of analytics that hears recorded events, and all it would tell about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.analytics import jobs
from services.analytics.consumers import CONSUMERS, remember
from services.analytics.core import figures as core
from services.analytics.core.definitions import DEFINITIONS
from services.analytics.store import figures, pairs, people
from shared import apply
from shared.breaker import Breaker
from shared.clock import SteppedClock
from shared.inbox import Record
from shared.jobs import run_while_due
from shared.tx import Connection, Door, transaction
from tests.integration.analytics.builders import day, programme

EARS = apply.Ears.of("analytics", CONSUMERS, remember)
TABLES: Mapping[str, str] = {
    "daily_figure": "SELECT d.* FROM daily_figure d ORDER BY programme_id, figure, day",
    "closed_day": "SELECT day FROM closed_day ORDER BY day",
    "late": "SELECT late_since FROM bookkeeping",
    "feedback": "SELECT to_jsonb(f) - 'answer_id' FROM feedback f ORDER BY session_id, author_id",
    **{
        table: f"SELECT t.* FROM {table} t ORDER BY t::text"
        for table in (
            *("programme", "person", "person_status", "invitation", "participant", "matching_run", "waiting"),
            *("match", "agreement", "session", "session_plan", "message", "participation_state"),
            "match_flag",
        )
    },
}


async def hear(door: Door, told: Sequence[Record]) -> None:
    """Applies a batch as the consumer does."""
    outcome = await apply.apply_batch(door, EARS, told, Breaker())
    assert set(outcome.outcomes) <= {"applied", "repeated"}


async def until(door: Door, number: float) -> None:
    """Sets the business clock so many days after the beginning, and lets the day's job run."""
    assert isinstance(door.clock, SteppedClock)
    if day(number) > door.clock.now():
        door.clock.set(day(number))
    await run_while_due(door, jobs.JOBS[0])


async def everything(door: Door, *moments: float) -> dict[str, Any]:
    """All that analytics keeps and would show, now and as of some days after the beginning."""
    async with transaction(door) as tx:
        kept = {name: [tuple(row) for row in await tx.conn.fetch(query)] for name, query in TABLES.items()}
        shown = {number: await figures_of(tx.conn, day(number)) for number in moments}
    return {**kept, "figures": shown}


async def figures_of(conn: Connection, as_of: datetime) -> dict[str, Any]:
    """Every figure with the list behind it, the list of pairs, the programmes."""
    found: dict[str, Any] = {"programmes": await people.programmes(conn)}
    states = ("active", "proposed", "ended", "declined")
    for scope in (programme(), programme("Managers"), None):
        question = core.Question(scope, as_of, day(-1000))
        found[f"{scope} totals"] = sorted(await figures.totals(conn, question), key=lambda one: one.figure)
        for definition in DEFINITIONS:
            rows = await figures.list_rows(conn, question, definition.code, limit=10_000)
            if definition.kind == "rating":
                # who gave which is nobody's business: these ids are drawn anew in every store
                found[f"{scope} {definition.code}"] = sorted((one.at, one.amount) for one in rows)
            else:
                found[f"{scope} {definition.code}"] = rows
        if scope is not None:
            found[f"{scope} pairs"] = await pairs.pairs(conn, scope, as_of, states=states, limit=500)
    return found

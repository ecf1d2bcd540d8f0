"""Analytics out of its event log: the same handlers and jobs, then every table and every figure compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from deploy.local.child import Trouble
from deploy.replay import comparing, scratch
from deploy.replay.comparing import Compared, Difference, Verdict
from services.analytics import jobs
from services.analytics.consumers import CONSUMERS, remember
from services.analytics.core import days
from services.analytics.core.definitions import AGREEMENT_DUE_DAYS, DEFINITIONS, MET_WITHIN_CADENCES
from services.analytics.core.log import Logged, whole
from services.analytics.store import days as day_store
from services.analytics.store import log
from shared import apply, envelope, inbox
from shared.breaker import Breaker
from shared.clock import SteppedClock
from shared.inbox import Record
from shared.jobs import run_once
from shared.tx import Connection, Door

EARS = apply.Ears.of("analytics", CONSUMERS, remember)
EVENTS_AT_ONCE = 500

TABLES = (
    comparing.table("programme", ("programme_id",), but=("name",)),
    comparing.table("person", ("person_id",), but=("name", "department", "site")),
    comparing.table("person_status", ("person_id", "version", "said_at")),
    comparing.table("invitation", ("programme_id", "person_id")),
    comparing.table("participant", ("participation_id",)),
    comparing.table("participation_state", ("participation_id", "version", "said_at", "state")),
    comparing.table("match_flag", ("match_id", "version", "flagged_at")),
    comparing.table("matching_run", ("run_id",)),
    comparing.table("waiting", ("run_id", "person_id", "role")),
    comparing.table("match", ("match_id",)),
    comparing.table("agreement", ("match_id", "version", "confirmed_at")),
    comparing.table("session", ("session_id",)),
    comparing.table("session_plan", ("session_id", "sequence", "said_at", "starts_at")),
    comparing.table("feedback", ("session_id", "author_id"), but=("answer_id",)),
    comparing.table("message", ("message_id",)),
)
"""Every table of facts. Left out of a row is a name, which the log never had (the cards have it), or what is
drawn at random so that a rating leads back to nobody."""

NOT_COMPARED = {
    "event_log": "what all is rebuilt from; that it has every applied event is compared with the inbox",
    "bookkeeping": "how far the work has got",
    "live_window": "wall time of the last 24 hours, counted from Kafka and the inbox",
}

CLOSED = """
SELECT day::text AS key, '{}' AS row FROM closed_day WHERE day < $1 ORDER BY day::text COLLATE "C"
"""
DAILY = """
SELECT concat_ws(' ', programme_id, day, figure) AS key, to_jsonb(d)::text AS row
FROM daily_figure d WHERE day < $1 ORDER BY concat_ws(' ', programme_id, day, figure) COLLATE "C"
"""
BEHIND = """
SELECT key, row FROM (
    SELECT concat_ws(' ', coalesce(p.programme_id::text, 'company'), f.figure,
                     CASE WHEN f.figure = ANY ($4::text[]) THEN
                         concat(f.at, ' ', f.amount, ' #',
                                row_number() OVER (PARTITION BY p.programme_id, f.figure, f.at, f.amount))
                     ELSE f.row_id::text END) AS key,
           (to_jsonb(f) - CASE WHEN f.figure = ANY ($4::text[]) THEN '{row_id}' ELSE '{}' END::text[])::text
               AS row
    FROM (SELECT programme_id FROM programme WHERE first_said <= $1 UNION ALL SELECT NULL) p
    CROSS JOIN LATERAL facts_behind(p.programme_id, $1, to_timestamp(0), $2, $3) f
) rows ORDER BY key COLLATE "C"
"""
"""Every row behind every figure. A rating is known by what it says: its id is drawn anew in every store."""


@dataclass(frozen=True)
class Moment:
    """Up to when events count, before which day daily figures are compared, and what there is to know."""

    until: datetime | None
    as_of: datetime
    days_before: date
    events: int
    notes: tuple[str, ...] = ()


async def moment(live: Connection, until: datetime | None) -> Moment:
    """What a snapshot of the live store lets one compare. Raises Trouble where it has no log."""
    many, newest = await log.count(live, until)
    if newest is None:
        raise Trouble("The event log of analytics is empty up to then: there is nothing to rebuild from.")
    notes = []
    begins = await log.begins(live)
    if begins is not None:
        notes.append(
            f"The log was cut: it begins on {begins}. What was before cannot be rebuilt, and differs."
        )
    last, late = await day_store.last_closed(live), await day_store.late_since(live)
    as_of = until or newest
    before = _first_open(last, as_of if until else None)
    if late is not None and late.astimezone(UTC).date() < before:
        before = late.astimezone(UTC).date()
        notes.append(
            f"Days from {before} on are about to be written again because of late facts: not compared."
        )
    return Moment(until, as_of, before, many, tuple(notes))


def _first_open(last_closed: date | None, until: datetime | None) -> date:
    """The first day that was not written, or was not over at that time."""
    if last_closed is None:
        return date.min
    day = last_closed + days.A_DAY
    return day if until is None else min(day, until.astimezone(UTC).date())


async def rebuild(live: Connection, fresh: Door, when: Moment, step: Callable[[int], None]) -> None:
    """Applies the log to a fresh store and writes its days. Raises Trouble where an event does not apply."""
    offset = 0
    async for page in log.read(live, when.until, rows=EVENTS_AT_ONCE):
        records = [record_of(one, offset + place) for place, one in enumerate(page)]
        await apply.apply_batch(fresh, EARS, records, Breaker())
        offset += len(page)
        step(len(page))
    async with fresh.pool.acquire() as conn:
        parked = await inbox.parked_counts(conn)  # type: ignore[arg-type]
    if parked:
        raise Trouble(
            f"{sum(parked.values())} events of the log cannot be applied by this code: run it again with "
            "--keep and look into `parked` of the rebuilt database."
        )
    await _write_days(fresh, when)


async def _write_days(fresh: Door, when: Moment) -> None:
    if when.days_before == date.min:
        return
    assert isinstance(fresh.clock, SteppedClock)
    fresh.clock.set(days.midnight(when.days_before))
    while await run_once(fresh, jobs.JOBS[0]):
        continue


def record_of(logged: Logged, offset: int) -> Record:
    """The record that an event came in, as far as the log knows it."""
    trace = envelope.Trace("", logged.event_id)
    about = envelope.Envelope(
        logged.event_id, logged.type, "/mentoring/log", logged.key, logged.time, logged.sequence, trace
    )
    value = json.dumps(whole(logged)).encode()
    headers = tuple(envelope.to_headers(about))
    return Record(logged.topic, 0, offset, logged.key, headers, value, logged.record_time)


def compared(when: Moment) -> Sequence[Compared]:
    """All tables now; of a past moment only what was told of it: tables keep no older state."""
    ratings = [one.code for one in DEFINITIONS if one.kind == "rating"]
    behind = (when.as_of, AGREEMENT_DUE_DAYS, MET_WITHIN_CADENCES, ratings)
    return (
        *(TABLES if when.until is None else ()),
        Compared("closed_day", CLOSED, (when.days_before,), but=("closed_at",)),
        Compared("daily_figure", DAILY, (when.days_before,)),
        Compared("facts_behind", BEHIND, behind, but=("row_id of ratings",)),
    )


async def log_is_whole(live: Connection) -> Verdict:
    """Whether every event in the inbox is in the log, too."""
    verdict = Verdict("inbox and event_log")
    verdict.live_rows = await live.fetchval("SELECT count(*) FROM inbox")
    missing = await log.unlogged(live, 100_000)
    verdict.rebuilt_rows = verdict.live_rows - len(missing)
    for event_id in missing:
        verdict.differs(Difference(str(event_id), "applied and not in the log"))
    return verdict


async def verdicts(live: Connection, store_dsn: str, when: Moment) -> list[Verdict]:
    async with scratch.snapshot(store_dsn) as rebuilt:
        found = [await comparing.compare(live, rebuilt, what) for what in compared(when)]
    return [*found, await log_is_whole(live)]

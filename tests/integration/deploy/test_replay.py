"""U1: what a service keeps is what its events say; a replay finds what is not, by table and key."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from rich.console import Console
from rich.progress import Progress

from deploy.local import databases
from deploy.local.child import Trouble
from deploy.local.databases import Store
from deploy.replay import figures, report
from deploy.replay.comparing import Verdict
from deploy.replay.report import Outcome
from deploy.replay.run import Live, replay, replay_figures
from deploy.replay.scratch import Place
from shared.clock import SteppedClock
from shared.tx import Bell, Door
from tests import infra
from tests.integration.analytics import recorded
from tests.integration.analytics.builders import BEGINNING, day, ended
from tests.integration.analytics.half_year import half_year, records

WEEKS = 9
MORE = records(half_year(2, weeks=WEEKS + 5))
STORY = MORE[: len(half_year(2, weeks=WEEKS))]
KEY = "SELECT session_id::text FROM session WHERE completed_at IS NOT NULL ORDER BY 1 LIMIT 1"


@dataclass
class Company:
    """A recorded company in a store of analytics."""

    store: Store
    door: Door
    admin_dsn: str

    async def replay(self, until: datetime | None = None) -> Outcome:
        live = Live("analytics", self.store.owner_dsn, "", "")
        return await replay_figures(live, Place(self.admin_dsn), until, bar=Progress(disable=True))

    async def owner(self, statement: str, *arguments: Any) -> Any:
        """Does something to the store that the service itself would not or may not."""
        conn = await asyncpg.connect(self.store.owner_dsn)
        try:
            return await conn.fetchval(statement, *arguments)
        finally:
            await conn.close()


@pytest.fixture(scope="module")
def recording(postgres: infra.Databases) -> Iterator[dict[str, Store]]:
    """The recorded company, kept as a template by the first test that asks."""
    found: dict[str, Store] = {}
    yield found
    for store in found.values():
        asyncio.run(postgres.drop(store))


@pytest_asyncio.fixture
async def company(postgres: infra.Databases, recording: dict[str, Store]) -> AsyncIterator[Company]:
    """Nine weeks of a company, heard out of order in small batches, its days written along the way."""
    if not recording:
        recording["template"] = await record(postgres)
    name = f"test_replay_{uuid.uuid4().hex[:12]}"
    store = await databases.make(postgres.admin_dsn, "analytics", name, template=recording["template"].name)
    async with opened(store) as door:
        door.clock.set(day(7 * WEEKS))  # type: ignore[attr-defined]
        yield Company(store, door, postgres.admin_dsn)
    await postgres.drop(store)


async def record(postgres: infra.Databases) -> Store:
    store = await postgres.fresh("analytics")
    story = STORY[::2] + STORY[1::2]
    async with opened(store) as door:
        for start in range(0, len(story), 100):
            await recorded.hear(door, story[start : start + 100])
            if start == 200:
                await recorded.until(door, 40)
        await recorded.until(door, 7 * WEEKS)
    return store


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Door]:
    pool = await infra.connect(store.dsn)
    clock = SteppedClock()
    clock.set(BEGINNING)
    try:
        yield Door("analytics", pool, clock, Bell())
    finally:
        await pool.close()


def by_name(outcome: Outcome) -> dict[str, Verdict]:
    return {one.name: one for _, verdicts in outcome.parts for one in verdicts}


def differing(outcome: Outcome) -> dict[str, set[str]]:
    """The keys that differ, by table."""
    return {
        name: {one.key for one in verdict.listed}
        for name, verdict in by_name(outcome).items()
        if verdict.different
    }


def words(outcome: Outcome) -> str:
    screen = Console(file=io.StringIO(), width=200)
    report.show(screen, outcome)
    return screen.file.getvalue()  # type: ignore[attr-defined, no-any-return]


async def test_U1_the_live_store_equals_the_one_rebuilt_from_its_log(company: Company) -> None:
    before = await databases.names(company.admin_dsn)
    outcome = await company.replay()
    assert differing(outcome) == {}
    verdicts = by_name(outcome)
    assert all(one.live_hash == one.rebuilt_hash for one in verdicts.values())
    for table in ("person_status", "session_plan", "feedback", "message", "daily_figure", "facts_behind"):
        assert verdicts[table].live_rows == verdicts[table].rebuilt_rows > 10, table
    assert await databases.names(company.admin_dsn) <= before  # the rebuilt one is gone again


@pytest.mark.parametrize("moment", [-1, 12.3, 40, 7 * WEEKS + 0.5])
async def test_U1_every_figure_of_a_past_moment_equals_the_one_rebuilt_up_to_it(
    company: Company, moment: float
) -> None:
    outcome = await company.replay(day(moment))
    assert differing(outcome) == {}
    assert set(by_name(outcome)) == {"closed_day", "daily_figure", "facts_behind", "inbox and event_log"}


async def test_U1_a_value_that_was_changed_is_named_by_table_key_and_column(company: Company) -> None:
    key = await company.owner(KEY)
    await company.owner("UPDATE session SET completed_at = NULL WHERE session_id = $1::text::uuid", key)
    outcome = await company.replay()
    assert differing(outcome)["session"] == {key}
    assert "facts_behind" in differing(outcome)
    assert f"session {key}: completed_at is null, rebuilt " in words(outcome)
    assert not outcome.equal


async def test_U1_a_daily_figure_that_was_changed_is_found_alone(company: Company) -> None:
    await company.owner(
        "UPDATE daily_figure SET counted = counted + 1 WHERE day = '2026-04-01' AND figure = 'met'"
    )
    found = differing(await company.replay())
    assert list(found) == ["daily_figure"]
    assert all(key.endswith(" 2026-04-01 met") for key in found["daily_figure"])
    assert list(differing(await company.replay(day(60)))) == ["daily_figure"]
    assert differing(await company.replay(day(20))) == {}  # before that day all was well


async def test_U1_a_row_that_is_missing_in_the_log_is_found(company: Company) -> None:
    event_id, match_id = await company.owner(
        """
        WITH gone AS (
            DELETE FROM event_log WHERE event_id = (
                SELECT max(event_id::text)::uuid FROM event_log WHERE topic = 'agreement-confirmed')
            RETURNING event_id, key
        )
        SELECT ARRAY[event_id::text, key] FROM gone
        """
    )
    found = differing(await company.replay())
    assert found["inbox and event_log"] == {event_id}
    assert [key.split()[0] for key in found["agreement"]] == [match_id]


async def test_U1_a_fact_without_an_event_is_found(company: Company) -> None:
    await company.owner(
        "INSERT INTO invitation (programme_id, person_id, invited_at)"
        " SELECT programme_id, gen_random_uuid(), first_said FROM programme"
    )
    assert "invitation" in differing(await company.replay())


async def test_U1_days_that_wait_to_be_written_again_are_left_out_and_said_so(company: Company) -> None:
    late = records([*half_year(2), ended("Ben", "Nora", at=50)])[-1:]
    await recorded.hear(company.door, late)
    outcome = await company.replay()
    assert differing(outcome) == {}
    assert any("because of late facts" in note for note in outcome.notes)
    await recorded.until(company.door, 7 * WEEKS)
    assert not any("because of late facts" in note for note in (await company.replay()).notes)


async def test_U1_a_company_that_goes_on_while_it_is_replayed_compares_equal(company: Company) -> None:
    """The replay looks at one moment of the live store; what is applied meanwhile is not in it."""

    async def go_on() -> None:
        for one in MORE[len(STORY) :]:
            await recorded.hear(company.door, [one])

    going_on = asyncio.create_task(go_on())
    assert differing(await company.replay()) == {}
    await going_on
    assert differing(await company.replay()) == {}


async def test_every_table_is_compared_or_says_why_not(company: Company) -> None:
    rows = await company.door.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    plumbing = {
        *("outbox", "outbox_sequence", "inbox", "parked", "consumer_state", "idempotency", "used_link"),
        *("schema_migrations", "erased_person", "retention"),
    }
    compared = {one.name for one in figures.TABLES} | {"closed_day", "daily_figure"}
    assert {row["relname"] for row in rows} - plumbing == compared | set(figures.NOT_COMPARED)


async def test_a_database_of_ones_own_is_filled_and_emptied_again(
    company: Company, postgres: infra.Databases
) -> None:
    into = await postgres.unmigrated("analytics")
    try:
        live = Live("analytics", company.store.owner_dsn, "", "")
        bar, place = Progress(disable=True), Place(None, into.owner_dsn)
        for number in (20, 30):
            assert differing(await replay_figures(live, place, day(number), bar=bar)) == {}
        with pytest.raises(Trouble, match="not empty"):
            await replay_figures(live, Place(None, company.store.owner_dsn), None, bar=bar)
    finally:
        await postgres.drop(into)


@pytest.mark.parametrize(
    ("service", "until", "sentence"),
    [
        ("matching", None, "keeps nothing that it could rebuild"),
        ("scheduling", day(1), "--until is for analytics"),
        ("analytics", None, "name it with --into"),
    ],
)
async def test_what_cannot_be_replayed_is_one_sentence(
    service: str, until: datetime | None, sentence: str
) -> None:
    live = Live(service, "", "", "")
    place = Place(None) if service == "analytics" else Place("postgresql://nowhere")
    with pytest.raises(Trouble, match=sentence):
        await replay(live, place, until=until, screen=Console(file=io.StringIO()))

"""Runs as rows: they wait, show how far they are, are solved once whoever tries, and can be cancelled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.matching import commands, core, store
from services.matching.core.ids import ProgrammeId
from services.matching.core.outcomes import Outcome
from services.matching.core.runs import Run
from shared import tx
from shared.errors import Transient
from tests.integration.analytics.processes import until
from tests.integration.matching.world import World

CUT_WAITING = """
SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""


async def a_pool(company: World) -> str:
    """Three mentees and two mentors with a seat each."""
    programme = await company.open()
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    for number in (8, 9):
        await company.enrol(programme, number, "mentor")
    return programme


async def asked_for(company: World, programme: str) -> dict[str, Any]:
    answer = await company.call("POST", f"/v1/programmes/{programme}/runs")
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/runs/{answer.json()['run_id']}"
    return dict(answer.json())


async def in_hand(company: World, run: dict[str, Any]) -> tuple[Run, commands.projection.Projection, Outcome]:
    """A run as a process has it when it is solved and not published."""
    async with tx.transaction(company.door) as unit:
        begun = await commands.rounds.begin(unit, run["run_id"])
        assert begun is not None
        seen = await commands.projection.look(unit.conn, begun)
    return begun, seen, commands.solving.solve(seen, commands.solving.Progress())


async def noted(company: World) -> int:
    """How many lines are written of what runs found."""
    count: int = await company.door.pool.fetchval(
        "SELECT (SELECT count(*) FROM run_pair) + (SELECT count(*) FROM run_certificate)"
        " + (SELECT count(*) FROM run_waiting)"
    )
    return count


async def finished(
    company: World, work: tuple[Run, commands.projection.Projection, Outcome], *, again: bool
) -> bool:
    async with tx.transaction(company.door) as unit:
        await commands.publishing.note(unit, work[0], work[2])
    async with tx.transaction(company.door) as unit:
        return await commands.publishing.finish(unit, *work, again=again)


async def test_a_run_is_asked_for_at_once_and_solved_afterwards(company: World) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    assert (run["state"], run["asked_by"], run["proposed"]) == ("queued", "organiser", 0)
    assert await company.pairs() == []
    again = await asked_for(company, programme)
    assert again["run_id"] == run["run_id"]
    await company.work()
    after = await company.run(run["run_id"])
    assert (after["state"], after["proposed"], after["problem"]) == ("published", 2, None)
    assert after["rules"]["min_shared_hours"] == 2.0
    assert sum(after["rules"]["mentee_weights"].values()) == 1
    assert len(await company.said("matching-run-finished")) == 1


async def test_a_run_that_is_cancelled_proposes_nothing_and_the_next_morning_looks_again(
    company: World,
) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    path = f"/v1/runs/{run['run_id']}/cancel"
    assert (await company.call("POST", path, token="reader")).status_code == 403
    answer = await company.call("POST", path)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["problem"]) == ("cancelled", "Cancelled by organiser.")
    await company.work()
    assert await company.said("match-proposed") == []
    refused = await company.call("POST", path)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "run-finished")
    await company.next_morning()
    assert len(await company.said("match-proposed")) == 2


async def test_a_run_that_is_cancelled_while_it_is_solved_proposes_nothing(company: World) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    work = await in_hand(company, run)
    seen = await company.run(run["run_id"])
    assert (seen["state"], seen["phase"]) == ("solving", "loading")
    async with tx.transaction(company.door) as unit:
        assert await commands.publishing.note(unit, work[0], work[2])
    assert (await company.call("POST", f"/v1/runs/{run['run_id']}/cancel")).status_code == 200
    assert await noted(company) == 0
    assert await finished(company, work, again=True)
    assert (await company.run(run["run_id"]))["state"] == "cancelled"
    assert await company.said("match-proposed") == []


async def test_a_run_shows_how_far_it_is_until_it_is_cancelled(company: World) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    work = await in_hand(company, run)

    async def tell(attempt: int) -> bool:
        async with tx.transaction(company.door) as unit:
            return await store.solving.tell(unit.conn, work[0].id, attempt, phase="solving", done=3, total=5)

    assert await tell(1)
    seen = await company.run(run["run_id"])
    assert (seen["phase"], seen["done"], seen["total"]) == ("solving", 3, 5)
    assert not await tell(2)
    await company.call("POST", f"/v1/runs/{run['run_id']}/cancel")
    assert not await tell(1)


async def test_S18_a_run_whose_pool_has_changed_is_solved_again(company: World) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    work = await in_hand(company, run)
    await company.enrol(programme, 10, "mentor")
    assert not await finished(company, work, again=True)
    assert await company.pairs() == []
    async with tx.transaction(company.door) as unit:
        seen = await commands.projection.look(unit.conn, work[0])
    outcome = commands.solving.solve(seen, commands.solving.Progress())
    assert outcome.inputs_hash != work[2].inputs_hash
    assert await finished(company, (work[0], seen, outcome), again=True)
    assert len(await company.pairs()) == 3


async def test_S13_pairs_that_are_not_possible_any_more_are_dropped_and_the_others_made(
    company: World,
) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    work = await in_hand(company, run)
    taken = work[2].pairs[0]
    by_hand = await company.call(
        "POST",
        "/v1/matches",
        {"programme_id": programme, "mentee_id": company.people["3"], "mentor_id": str(taken.mentor_id)},
    )
    assert by_hand.status_code == 201, by_hand.text
    assert await finished(company, work, again=False)
    after = await company.run(run["run_id"])
    assert (after["state"], after["proposed"], after["dropped"]) == ("published", 1, 1)
    assert after["gap"] > 0
    seats = [one["mentor_id"] for one in await company.matches()]
    assert len(seats) == len(set(seats)) == 2
    await company.next_morning()
    assert len(await company.said("matching-run-finished")) == 2


async def test_only_one_process_works_on_a_programme_and_what_it_leaves_is_taken_up(company: World) -> None:
    """Two replicas at once: one run, one publication; and a lock that is held keeps the others away."""
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    other = replace(company.door, bell=tx.Bell())
    async with company.door.pool.acquire() as conn:
        assert await store.solving.take(conn, ProgrammeId(run["programme_id"]))  # type: ignore[arg-type]
        assert not await commands.solving.hold_one(other, company.kept)
        assert await store.solving.next_waiting(conn) is None  # type: ignore[arg-type]
        await store.solving.leave(conn, ProgrammeId(run["programme_id"]))  # type: ignore[arg-type]
    did = await asyncio.gather(
        commands.solving.hold_one(company.door, company.kept), commands.solving.hold_one(other, company.kept)
    )
    assert any(did)
    assert len(await company.said("matching-run-finished")) == 1
    assert len(await company.pairs()) == 2


async def test_a_run_that_a_dead_process_left_behind_is_solved_by_the_next_one(company: World) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    left_behind = await in_hand(company, run)
    async with tx.transaction(company.door) as unit:
        assert await commands.publishing.note(unit, left_behind[0], left_behind[2])
    lines = await noted(company)
    await company.work()
    assert await noted(company) == lines
    after = await company.run(run["run_id"])
    assert (after["state"], after["proposed"]) == ("published", 2)
    assert await finished(company, left_behind, again=False)
    assert len(await company.said("matching-run-finished")) == 1


async def test_a_run_whose_connection_is_cut_while_it_reads_is_not_failed_but_solved_again(
    company: World,
) -> None:
    run = await asked_for(company, await a_pool(company))
    async with company.door.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE person IN ACCESS EXCLUSIVE MODE")
        reading = asyncio.create_task(commands.solving.hold_one(company.door, company.kept))
        await until(lambda: company.door.pool.fetchval(CUT_WAITING), "it reads people and is cut off")
        with pytest.raises(Transient):
            await reading
    assert (await company.run(run["run_id"]))["state"] == "solving"
    await company.work()
    assert (await company.run(run["run_id"]))["state"] == "published"


async def test_a_run_that_ends_one_process_after_the_other_is_given_up(company: World) -> None:
    programme = await a_pool(company)
    run = await asked_for(company, programme)
    for _ in range(core.runs.ATTEMPTS_MAX):
        await in_hand(company, run)
    await company.work()
    after = await company.run(run["run_id"])
    assert after["state"] == "failed"
    assert "5 processes ended" in after["problem"]


async def test_a_run_of_answers_that_cannot_be_computed_fails_and_names_the_field(company: World) -> None:
    programme = await a_pool(company)
    await company.door.pool.execute(
        "UPDATE participation SET profile = jsonb_set(profile, '{values}', '{\"growth\": 9}')"
    )
    run = await company.hold_round(programme)
    assert run["state"] == "failed"
    assert "values" in run["problem"]
    assert await company.pairs() == []


async def test_two_programmes_are_solved_by_two_processes_at_once(company: World) -> None:
    first, second = await a_pool(company), await company.open(name="Another")
    for number, role in ((4, "mentee"), (5, "mentor")):
        await company.enrol(second, number, role)
    for programme in (first, second):
        await asked_for(company, programme)
    other = replace(company.door, bell=tx.Bell())
    did = await asyncio.gather(
        commands.solving.hold_one(company.door, company.kept), commands.solving.hold_one(other, company.kept)
    )
    assert did == [True, True]
    assert len(await company.said("matching-run-finished")) == 2

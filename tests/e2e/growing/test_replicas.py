"""Two and three processes of scheduling and of analytics on six partitions, under a steady load."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
import pytest_asyncio

from deploy.local import programs
from deploy.local.demo.proof import HEARD
from deploy.local.supervise import Part
from shared.topics import PARTITIONS
from tests import infra
from tests.e2e.growing import company as companies
from tests.e2e.growing import groups
from tests.e2e.growing.company import GROWING, Company, Pause, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

PAUSE_S_MAX = 3.0
SESSION_S = 10.0
CONFIRM = """
UPDATE agreement SET state = 'confirmed', mentee_confirmed = terms_version, mentor_confirmed = terms_version,
       confirmed_at = now() WHERE state = 'draft'
"""
BOOK = "INSERT INTO booking (match_id, book_at) SELECT match_id, now() FROM agreement RETURNING match_id"
BOOKED = "SELECT match_id, count(*)::int AS many FROM session GROUP BY match_id"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(
    kafka: str, postgres: infra.Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Company]:
    folder = tmp_path_factory.mktemp("growing")
    async with companies.founded(kafka, postgres, f"grow{folder.name[-1]}-", folder) as founded:
        await founded.load.begin()
        yield founded


async def grown(company: Company, replicas: int) -> None:
    await asyncio.gather(*(company.run(service, replicas) for service in GROWING))
    await company.settled()


async def nothing_went_wrong(company: Company) -> None:
    await company.settled()
    assert await company.wrong() == []


async def test_two_and_three_replicas_share_the_work_also_one_that_joins_under_load(company: Company) -> None:
    await grown(company, 2)
    before = {service: company.applied_by(service) for service in GROWING}
    async with company.load.steady():
        for replicas in (2, 3):
            since = datetime.now(UTC)
            await asyncio.gather(*(company.run(service, replicas) for service in GROWING))
            for service in GROWING:
                await everybody_owns_a_fair_share(company, service, replicas)
                await everybody_applies(company, service, replicas)
                report(f"{replicas} replicas of {service}", await company.pauses(service, since))
    await nothing_went_wrong(company)
    for service in GROWING:
        grown_by = {name: many - before[service][name] for name, many in company.applied_by(service).items()}
        print(f"{service}: events applied by each process: {grown_by}")


async def everybody_owns_a_fair_share(company: Company, service: str, replicas: int) -> None:
    owned = (await company.groups.owners(service)).members
    partitions = [tp for those in owned.values() for tp in those]
    assert set(owned) == {programs.place(service, number) for number in range(replicas)}
    assert len(partitions) == len(set(partitions)) == len(HEARD[service]) * PARTITIONS
    assert max(map(len, owned.values())) - min(map(len, owned.values())) <= 1


async def everybody_applies(company: Company, service: str, replicas: int) -> None:
    """Each process applies more than it had applied at the beginning."""
    before = company.applied_by(service)

    async def all_went_on() -> bool:
        now = company.applied_by(service)
        return sum(now[name] > before[name] for name in now) == replicas

    await eventually(all_went_on, f"all {replicas} processes of {service} apply events")


async def test_a_rolling_restart_pauses_no_partition_for_three_seconds(company: Company) -> None:
    await grown(company, 3)
    live = company.parts[programs.LIVE]
    await live.start()
    await eventually(lambda: alone(company), "the live worker has its partitions")
    undisturbed = await company.groups.members("analytics-live")
    for service in GROWING:
        owned = await company.groups.owners(service)
        async with company.load.steady():
            for part in company.replicas(service):
                since = datetime.now(UTC)
                await part.restart()
                waited_s = groups.waited_s(part.child.pid)
                await caught_up(company, service, since)
                pauses = await company.pauses(service, since)
                report(f"restart of {part.name} ({waited_s:.1f} s of it without a core)", pauses)
                assert max(pause.seconds for pause in pauses) - waited_s < PAUSE_S_MAX
                others = [number for number in range(3) if not part.name.endswith(str(number))]
                assert await company.console(others[0]) == HTTPStatus.OK or service != "analytics"
        assert await company.groups.owners(service) == owned, "a restart moves no partition"
    assert await company.groups.members("analytics-live") == undisturbed
    assert live.child.alive
    await live.stop()
    await nothing_went_wrong(company)


async def alone(company: Company) -> bool:
    found = await company.groups.owners("analytics-live")
    return found.state == "Stable" and len(found.members) == 1


async def caught_up(company: Company, service: str, since: datetime) -> None:
    """Every partition has applied something that was said after the restart was over."""
    over = datetime.now(UTC)

    async def all_did() -> bool:
        return all(pause.events for pause in await company.pauses(service, over))

    await eventually(all_did, f"every partition of {service} goes on")
    assert all(pause.events for pause in await company.pauses(service, since))


async def test_a_replica_that_is_dismissed_hands_over_before_its_session_ends(company: Company) -> None:
    await grown(company, 3)
    async with company.load.steady():
        for service in GROWING:
            since = datetime.now(UTC)
            await company.run(service, 2)
            await caught_up(company, service, since)
            pauses = await company.pauses(service, since)
            report(f"{service} goes from 3 to 2 replicas", pauses)
            gone = company.replicas(service)[2].name
            assert not await company.groups.dismiss(service, gone), "who has left is no member"
            assert max(pause.seconds for pause in pauses) < SESSION_S
    await nothing_went_wrong(company)


async def test_when_the_leading_relay_is_killed_another_leads_and_the_killed_process_gets_its_work_back(
    company: Company,
) -> None:
    await grown(company, 2)
    for service in GROWING:
        owned = (await company.groups.owners(service)).members
        async with company.load.steady():
            since = datetime.now(UTC)
            leader = await leads(company, service)
            killed = leader.child.pid
            leader.kill()
            await leads(company, service, but=killed)
            await leader.ready()
            await caught_up(company, service, since)
            report(f"kill -9 of {leader.name}", await company.pauses(service, since))
        assert (await company.groups.owners(service)).members.keys() == owned.keys()
    await nothing_went_wrong(company)


async def leads(company: Company, service: str, *, but: int | None = None) -> Part:
    """Waits until a process leads that is not `but`: the other replica, or the killed one's successor, which
    may be quicker."""
    found: list[Part] = []

    async def another() -> bool:
        leader = await company.leader(service)
        found[:] = [leader] if leader is not None and leader.child.pid != but else []
        return bool(found)

    await eventually(another, f"a relay of {service} leads")
    return found[0]


async def test_U5_jobs_of_three_replicas_book_each_session_once(company: Company) -> None:
    await grown(company, 3)
    await company.settled()
    scheduling = company.stores["scheduling"]
    await scheduling.execute("DELETE FROM booking")
    await scheduling.execute(CONFIRM)
    before = {row["match_id"]: row["many"] for row in await scheduling.fetch(BOOKED)}
    due = [row["match_id"] for row in await scheduling.fetch(BOOK)]
    assert due
    async with company.load.steady():

        async def all_booked() -> bool:
            return await scheduling.fetchval("SELECT count(*) FROM booking WHERE book_at <= now()") == 0

        await eventually(all_booked, "nothing waits to be booked")
    after = {row["match_id"]: row["many"] for row in await scheduling.fetch(BOOKED)}
    assert all(after[match] - before.get(match, 0) <= 1 for match in after)
    assert sum(after.values()) > sum(before.values())
    await nothing_went_wrong(company)
    heard = "SELECT count(*) FROM inbox WHERE topic = 'session-scheduled'"
    assert await company.stores["analytics"].fetchval(heard) == sum(after.values())


def report(what: str, pauses: list[Pause]) -> None:
    """Shown by `pytest -s`, and by pytest where the test fails."""
    longest = " ".join(f"{pause.partition}:{pause.seconds:.2f}" for pause in pauses)
    print(f"{what}: longest time from record to effect by partition, in seconds: {longest}")

"""Servers go away and come back: what the services do meanwhile, and that nothing gets lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
import pytest_asyncio

from deploy.local import programs
from deploy.local.databases import SERVICES
from deploy.local.supervise import Part
from tests.chaos import witness
from tests.chaos.checker import business, delivery, evidence, recount
from tests.e2e import pairs
from tests.e2e.pairs import Someone, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

BROKER_AWAY_S = 20.0
DRAINED_WITHIN_S = 10.0
ANSWERED_WITHIN_S = 5.0
MAILS_AWAY = 'mentoring_mail_total{result="away"}'
MANY = 500
"""People in an import that takes a while."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with pairs.town(tmp_path_factory.mktemp("away")) as made:
        await witness.install(owners(made))
        yield made


def owners(town: Town) -> dict[str, str]:
    return {service: store.owner_dsn for service, store in town.company.stores.items()}


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_lost(town: Town) -> AsyncIterator[None]:
    """After each test: all servers are there, everybody gets quiet, and what was said was heard, once."""
    await town.until(town.stepper.now + timedelta(minutes=5))
    yield
    await town.stepper.settle(timeout_s=60)
    town.mailbox.new()
    async with AsyncExitStack() as ends:
        stores = await evidence.opened(ends, owners(town))
        assert await evidence.outbox_rows(stores) == 0
        seen = await evidence.of_stores(stores)
        verdict = [
            delivery.d2_everything_was_heard(seen),
            delivery.d5_in_order(seen),
            delivery.d7_no_key_halts_for_nothing(seen),
            await recount.d4_aggregates_equal_their_recount(stores, seen),
            await business.n1_one_message_per_cause(stores, town.mailbox.ids, 0),
        ]
    assert [one for one in verdict if not one.holds] == []


async def until(holds: Callable[[], Awaitable[bool]], what: str, *, within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not await holds():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(0.05)


async def meanwhile(seconds: float, act: Callable[[], Awaitable[None]]) -> int:
    """Acts again and again as long as something is kept away; returns how often."""
    deadline, times = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        await act()
        times += 1
        await asyncio.sleep(0.5)
    return times


@asynccontextmanager
async def away(part: Part) -> AsyncIterator[None]:
    """A server is stopped, and there again afterwards."""
    await part.stop()
    try:
        yield
    finally:
        await part.start()


def addresses(town: Town) -> list[str]:
    return [urls[0] for urls in town.company.http.values()]


def parts(town: Town) -> list[Part]:
    return [*(town.company.part(service) for service in SERVICES), town.company.parts[programs.LIVE]]


async def statuses(town: Town, path: str) -> set[int]:
    """What all services answer at a path."""
    found = set()
    for url in addresses(town):
        async with town.desk.get(f"{url}{path}") as answer:
            found.add(answer.status)
    return found


async def plumbing(town: Town, service: str) -> dict[str, Any]:
    async with town.desk.get(f"{town.company.http[service][0]}/v1/plumbing") as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def test_without_the_broker_commands_are_taken_and_their_effects_come_later(town: Town) -> None:
    invited = []

    async def invite() -> None:
        began = time.monotonic()
        invited.append(await town.invite())
        assert time.monotonic() - began < ANSWERED_WITHIN_S

    async with away(town.company.server("kafka")):
        many = await meanwhile(BROKER_AWAY_S, invite)
        waiting = await plumbing(town, "matching")
        assert waiting["outbox"]["rows"] >= 5 * many
        assert waiting["outbox"]["oldest_age_s"] > BROKER_AWAY_S / 2
        assert not waiting["ready"]["broker"]["ok"]
        assert waiting["ready"]["database"]["ok"]
        assert await statuses(town, "/livez") == {200}
    await town.settle()
    assert len(invited) == many > 5
    for pair in invited:
        assert all(town.link(person, "join") for person in pair.both)


async def test_without_its_store_a_service_is_not_ready_and_recovers_by_itself(town: Town) -> None:
    pair = await town.newcomers()
    pids = [town.company.part(service).child.pid for service in SERVICES]
    command = {
        "url": "/v1/people/import",
        "data": pairs.as_csv(
            [pair.mentee, Someone(9_999, "Late", "Comer", "Buyer", "Madrid", "Europe/Madrid")]
        ),
        "headers": {"content-type": "text/csv", "Idempotency-Key": "a late comer"},
    }

    async def all_red() -> bool:
        return await statuses(town, "/readyz") == {503}

    async def all_green() -> bool:
        return await statuses(town, "/readyz") == {200}

    async with away(town.company.server("postgres")):
        await until(all_red, "every service says that it is not ready")
        assert await statuses(town, "/livez") == {200}
        async with town.desk.post(**command) as answer:
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            assert answer.content_type == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
        async with town.desk.get(town.link(pair.mentee, "join")) as page:
            assert page.status == HTTPStatus.SERVICE_UNAVAILABLE
            assert "Please try again shortly" in await page.text()
    await until(all_green, "every service is ready again")
    async with town.desk.post(**command) as answer:
        told = await answer.json()
        assert (told["applied"], told["unchanged"], told["rejected"]) == (1, 1, [])
    assert [town.company.part(service).child.pid for service in SERVICES] == pids
    await town.propose(pair)
    assert town.link(pair.mentor, "proposal")


async def test_without_the_mail_server_mails_wait_and_are_sent_when_it_is_back(town: Town) -> None:
    await town.newcomers()
    tried = await mails_away(town)
    await town.company.mail.stop()
    pair = await town.invite()

    async def tried_again() -> bool:
        return await mails_away(town) > tried

    await until(tried_again, "notifications finds nobody there")
    assert await statuses(town, "/readyz") == {200}
    await town.company.mail.start()
    await town.settle()
    assert all(town.link(person, "join") for person in pair.both)


async def mails_away(town: Town) -> float:
    """How often notifications met no mail server."""
    async with town.desk.get(f"{town.company.http['notifications'][0]}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(MAILS_AWAY))


@pytest.mark.parametrize(("broker", "arriving"), [("there", 20_000), ("hanging", 30_000)])
async def test_told_to_end_every_process_finishes_what_it_has_in_hand_within_10_s(
    town: Town, broker: str, arriving: int
) -> None:
    kafka, ending = town.company.server("kafka"), parts(town)
    if broker == "hanging":
        kafka.freeze()
    try:
        await town.invite()
        importing = asyncio.create_task(import_many(town, arriving))
        await until(lambda: is_busy(town), "the import is being worked on")
        seconds = await asyncio.gather(*(part.stop() for part in ending))
    finally:
        kafka.thaw()
    took = {part.name: took_s for part, took_s in zip(ending, seconds, strict=True)}
    ended = {part.name: part.child.ended_by for part in ending}
    await asyncio.gather(*(part.start() for part in ending))
    await town.stepper.tell(town.stepper.now)
    assert max(took.values()) < DRAINED_WITHIN_S, took
    # The live worker holds no number of its own and may be just beginning again: only its time counts.
    ended.pop(programs.LIVE)
    assert ended == dict.fromkeys(ended, "ended with status 0")
    assert (await importing)["applied"] == MANY


async def import_many(town: Town, first: int) -> dict[str, Any]:
    people = [
        Someone(first + place, "Ana", "Moreno", "Buyer", "Madrid", "Europe/Madrid") for place in range(MANY)
    ]
    return await town.post("/v1/people/import", data=pairs.as_csv(people), content_type="text/csv")


async def is_busy(town: Town) -> bool:
    async with town.desk.get("/quiet") as answer:
        return bool((await answer.json())["busy"])

"""A small company lives its story while each of its processes in turn is killed; nothing gets lost."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import aiohttp
import pytest
import pytest_asyncio

from deploy.local import programs, stack
from deploy.local.company import made_up, roster
from deploy.local.company.made_up import Person
from deploy.local.databases import SERVICES
from deploy.local.demo import proof, story
from deploy.local.demo.story import Story
from tests.chaos import invariants
from tests.chaos.reaper import ROUNDS, Reaper

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

SEED = 2
PEOPLE, WEEKS = 18, 3
OUTBOX_EMPTY_S, LAG_GONE_S = 10.0, 30.0


@dataclass(frozen=True)
class Survived:
    """A story that was told to its end in spite of everything. `outbox_s` is how long after the last fault
    the outboxes were empty."""

    tale: Story
    reaper: Reaper
    outbox_s: float


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def survived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Survived]:
    seed = int(os.environ.get("CHAOS_SEED", SEED))
    print(f"processes are killed by seed {seed}: CHAOS_SEED={seed} kills them so again")
    people = lively(made_up.people(roster.smaller(roster.load(), PEOPLE, seed=SEED), seed=SEED))
    async with stack.running(
        tmp_path_factory.mktemp("chaos"), clock="stepped", said_copy=True, fresh=True
    ) as company:
        bearer = {"authorization": f"Bearer {company.tokens.admin}"}
        async with (
            aiohttp.ClientSession(headers=bearer) as client,
            story.told(company, people, seed=SEED, weeks=WEEKS) as tale,
        ):
            reaper = Reaper(company, client, random.Random(seed))
            reaper.make_plan(tale.begin)
            await tale.until(tale.end, reaper.watch)
            assert not reaper.plan, f"the story was over before {reaper.plan}"
            yield Survived(tale, reaper, await last_fault(tale, reaper))


def lively(people: tuple[Person, ...]) -> list[Person]:
    """People who answer their mail, so that there is something to be lost."""
    return [
        replace(person, character="over-eager" if place % 2 else "diligent")
        for place, person in enumerate(people)
    ]


async def last_fault(tale: Story, reaper: Reaper) -> float:
    """Everybody is killed at once; returns in how many seconds nothing was left to send."""
    await reaper.kill_all_at_once(tale)
    began = time.monotonic()
    async with invariants.opened(tale.databases) as stores:
        while await invariants.outbox_rows(stores):
            assert time.monotonic() < began + OUTBOX_EMPTY_S, "outboxes are not empty"
            await asyncio.sleep(0.05)
    emptied = time.monotonic() - began
    await tale.stepper.settle(timeout_s=LAG_GONE_S)
    tale.mailbox.new()
    return emptied


async def test_every_process_was_killed_at_work_and_came_back(survived: Survived) -> None:
    company, kills = survived.tale.company, survived.reaper.kills
    names = [programs.place(service, 0) for service in SERVICES]
    assert kills == {**dict.fromkeys(names, ROUNDS + 1), programs.LIVE: ROUNDS}
    for name, many in kills.items():
        part = company.parts[name]
        assert part.deaths == many
        assert part.child.alive
        assert part.answers()


async def test_the_story_went_on(survived: Survived) -> None:
    async with invariants.opened(survived.tale.databases) as stores:
        said = await invariants.said_by_key(stores)
    counts = {topic: sum(many for (of, _), many in said.items() if of == topic) for topic, _ in said}
    for topic, least in (
        ("participant-joined", 12),
        ("match-made", 4),
        ("agreement-confirmed", 4),
        ("session-scheduled", 4),
        ("session-completed", 2),
        ("feedback-submitted", 2),
        ("message-sent", 80),
    ):
        assert counts.get(topic, 0) >= least, counts


async def test_D1_what_was_acknowledged_was_said_and_once(survived: Survived) -> None:
    acknowledged = survived.reaper.acknowledged
    assert len(acknowledged) == len(set(acknowledged)) > ROUNDS
    async with invariants.opened(survived.tale.databases) as stores:
        said = await invariants.said_by_key(stores)
        names = await stores["matching"].fetch("SELECT name FROM programme")
    assert [said["programme-changed", programme_id] for programme_id in acknowledged] == [1] * len(
        acknowledged
    )
    assert len(names) == len(acknowledged) + len(survived.tale.programmes)
    done = survived.tale.crowd.outcomes
    for deed, topic in (("join", "participant-joined"), ("write", "feedback-submitted")):
        assert done[deed, "done"] <= sum(many for (of, _), many in said.items() if of == topic)


async def test_D2_every_listener_heard_everything_once(survived: Survived) -> None:
    async with invariants.opened(survived.tale.databases) as stores:
        assert await invariants.d2_every_listener_heard_all(stores) == []


async def test_D4_aggregates_equal_their_recount(survived: Survived) -> None:
    async with invariants.opened(survived.tale.databases) as stores:
        assert await invariants.d4_aggregates_equal_their_recount(stores) == []


async def test_D7_after_the_last_fault_everything_was_sent_and_heard_and_nothing_halts(
    survived: Survived,
) -> None:
    assert survived.outbox_s < OUTBOX_EMPTY_S
    async with invariants.opened(survived.tale.databases) as stores:
        assert await invariants.d7_no_key_halts_for_nothing(stores) == []
    for urls in survived.tale.company.http.values():
        async with survived.reaper.client.get(f"{urls[0]}/v1/plumbing") as answer:
            plumbing = await answer.json()
        assert (plumbing["consumer"], plumbing["parked"]) == ({"lag": 0, "stopped_reason": None}, {})


async def test_N1_one_message_for_each_cause_and_few_copies_on_the_wire(survived: Survived) -> None:
    seen, kills = survived.tale.mailbox.ids, survived.reaper.kills[programs.place("notifications", 0)]
    async with invariants.opened(survived.tale.databases) as stores:
        assert await invariants.n1_one_message_for_each_cause(stores, seen, kills) == []


async def test_the_demos_own_proof_finds_nothing_either(survived: Survived) -> None:
    tale, kills = survived.tale, survived.reaper.kills[programs.place("notifications", 0)]
    found = await proof.of(tale.databases, tale.mailbox.ids, resent_max=kills)
    assert (found.findings, found.parked, found.outbox_left) == ([], 0, 0)


DAMAGES = {
    "an event that one listener never heard": (
        "notifications",
        "DELETE FROM inbox WHERE event_id ="
        " (SELECT min(event_id::text)::uuid FROM inbox WHERE topic = 'match-made')",
    ),
    "an event that nobody said": (
        "scheduling",
        "INSERT INTO inbox (event_id, topic, key, sequence, record_time)"
        " SELECT gen_random_uuid(), topic, key, sequence + 1, record_time FROM inbox LIMIT 1",
    ),
    "a fact that is missing": (
        "analytics",
        "DELETE FROM session WHERE session_id = (SELECT min(session_id::text)::uuid FROM session)",
    ),
    "a fact that was counted for another pair": (
        "analytics",
        "UPDATE session SET match_id = (SELECT max(match_id::text)::uuid FROM match)"
        " WHERE session_id = (SELECT min(session_id::text)::uuid FROM session)",
    ),
    "a day that was closed too early": (
        "analytics",
        "UPDATE daily_figure SET rows = rows - 1"
        " WHERE figure = 'joined' AND day = (SELECT max(day) FROM closed_day)",
    ),
    "an event that waits behind nothing": (
        "matching",
        "INSERT INTO parked (topic, partition, record_offset, key, headers, record_time, state, error)"
        " VALUES ('feedback-submitted', 0, 0, 'k', '[]', now(), 'behind', 'e')",
    ),
    "a message that stands twice": (
        "notifications",
        """
        ALTER TABLE message DROP CONSTRAINT message_recipient_id_cause_kind_channel_key;
        INSERT INTO message (id, recipient_id, cause, traceparent, correlation_id, kind, channel, state,
                             caused_at, due_at, programme_id, calendar)
        SELECT gen_random_uuid(), recipient_id, cause, traceparent, correlation_id, kind, channel, 'waiting',
               caused_at, due_at, programme_id, calendar FROM message LIMIT 1
        """,
    ),
    "a mail that was never sent": (
        "notifications",
        "UPDATE message SET id = gen_random_uuid()"
        " WHERE id = (SELECT min(id::text)::uuid FROM message WHERE state = 'sent')",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_the_checks_notice(survived: Survived, damage: str) -> None:
    service, statement = DAMAGES[damage]
    async with invariants.opened(survived.tale.databases) as stores:
        harm = stores[service].transaction()
        await harm.start()
        await stores[service].execute(statement)
        assert await everything_wrong(survived, stores)
        await harm.rollback()
        assert await everything_wrong(survived, stores) == []


async def everything_wrong(survived: Survived, stores: invariants.Stores) -> list[str]:
    return [
        *await invariants.d2_every_listener_heard_all(stores),
        *await invariants.d4_aggregates_equal_their_recount(stores),
        *await invariants.d7_no_key_halts_for_nothing(stores),
        *await invariants.n1_one_message_for_each_cause(stores, survived.tale.mailbox.ids, ROUNDS + 1),
    ]

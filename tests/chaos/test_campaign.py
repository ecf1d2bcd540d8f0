"""The campaign in short: every kind of fault strikes a company under load; the checker finds nothing amiss.

The long form is `make chaos`. What the checker would find is planted here, too, and it finds it.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from deploy.local import home as homes
from tests.chaos import campaign
from tests.chaos.campaign import Fought, Wanted
from tests.chaos.checker import business, delivery, evidence, offsets
from tests.chaos.checker.evidence import Stores
from tests.chaos.checker.finding import Stated
from tests.chaos.load.crowd import Crowd
from tests.chaos.schedule import LAST, Schedule

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

SEED = 2
FAULTS = 9
LEAST = 8
LIVED = 2
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Judged:
    """A campaign that was fought to its end, and what the checker stated of it."""

    fought: Fought
    stores: Stores
    verdict: dict[str, Stated]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Judged]:
    seed = int(os.environ.get("CHAOS_SEED", SEED))
    print(f"faults strike by seed {seed}: CHAOS_SEED={seed} strikes them so again")
    folder = tmp_path_factory.mktemp("campaign")
    crowds: list[Crowd] = []

    def enough(schedule: Schedule) -> bool:
        """Enough faults, and somebody's story was told to its end; or nobody's ever will be."""
        lived = crowds[0].ends["lived to the end"]
        out_of_patience = time.monotonic() - schedule.began > PATIENCE_S
        return len(schedule.struck) >= FAULTS and (lived >= LIVED or out_of_patience)

    def watch(crowd: Crowd, _schedule: Schedule) -> None:
        crowds.append(crowd)

    wanted = Wanted(seed, enough, per_file=50, events_per_s=100.0, lives=4, settle_live=False)
    async with AsyncExitStack() as ends:
        fought = await ends.enter_async_context(campaign.fought(folder, wanted, tell=print, watch=watch))
        stores = await evidence.opened(ends, fought.stage.owners)
        verdict = {one.name.partition(" ")[0]: one for one in await fought.judge(stores)}
        yield Judged(fought, stores, verdict)
    homes.forget(homes.Home(folder))


async def test_all_sorts_of_faults_struck_and_everybody_came_back(judged: Judged) -> None:
    schedule, stage = judged.fought.schedule, judged.fought.stage
    kinds = schedule.by_kind
    assert kinds.total() - kinds[LAST] >= LEAST
    assert len(kinds) >= LEAST
    assert [one for one in schedule.struck if one.trouble] == []
    assert set(stage.kills) >= {part.name for part in stage.processes}
    for part in stage.processes:
        assert part.child.alive
        assert part.deaths >= 1


async def test_the_company_lived_on_meanwhile(judged: Judged) -> None:
    said = [one for some in (await evidence.said_in(judged.stores)).values() for one in some]
    topics = {one.topic for one in said}
    assert topics >= {
        "person-changed", "participant-joined", "match-proposed", "match-made", "agreement-confirmed",
        "session-scheduled", "session-completed", "feedback-submitted", "message-sent",
    }  # fmt: skip
    assert judged.fought.crowd.desk.ledger.commands > 20


INVARIANTS = ("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D7k", "M1", "S1", "N1", "X1", "L1")


@pytest.mark.parametrize("name", INVARIANTS)
async def test_the_invariant_holds(judged: Judged, name: str) -> None:
    stated = judged.verdict[name]
    assert stated.findings == ()
    assert stated.looked_at > 0 or name == "D7k"


AN_EVENT = "(SELECT min(event_id::text)::uuid FROM inbox WHERE topic = 'match-made')"
A_PARKED = """
INSERT INTO parked (event_id, topic, partition, record_offset, key, headers, record_time, state, error)
"""
DAMAGES = {
    "an event that one listener never heard": (
        "D2", "notifications", f"DELETE FROM inbox WHERE event_id = {AN_EVENT}"
    ),
    "an event that is applied and parked": (
        "D2", "scheduling",
        f"{A_PARKED} SELECT event_id, topic, 0, 999999, key, '[]', now(), 'failed', 'e' FROM inbox LIMIT 1",
    ),
    "an event that was admitted twice": (
        "D2", "analytics",
        "INSERT INTO witness_heard SELECT place + 1000000, event_id, topic, key, sequence + 1000, at"
        " FROM witness_heard LIMIT 1",
    ),
    "an event that nobody said": (
        "D3", "scheduling",
        "INSERT INTO inbox (event_id, topic, key, sequence, record_time)"
        " SELECT gen_random_uuid(), topic, 'nobody', 1, record_time FROM inbox LIMIT 1",
    ),
    "a fact that is missing": (
        "D4", "analytics",
        "DELETE FROM session WHERE session_id = (SELECT min(session_id::text)::uuid FROM session)",
    ),
    "a card that counted a change twice": (
        "D4", "notifications",
        "UPDATE person SET version = version + 1"
        " WHERE person_id = (SELECT min(person_id::text)::uuid FROM person)",
    ),
    "an event that was applied before the one before it": (
        "D5", "analytics",
        "UPDATE witness_heard SET place = 0 WHERE (topic, sequence) = ('person-changed', 2)",
    ),
    "an event that was said with a number left out": (
        "D5", "matching",
        "UPDATE witness_said SET sequence = 7 WHERE topic = 'match-made'",
    ),
    "an event that waits behind nothing": (
        "D7k", "matching",
        f"{A_PARKED} VALUES (NULL, 'feedback-submitted', 0, 999999, 'k', '[]', now(), 'behind', 'e')",
    ),
    "a mentor with more matches than seats": (
        "M1", "matching",
        "INSERT INTO witness_seat (match_id, mentor, before, after, capacity)"
        " SELECT gen_random_uuid(), mentor, NULL, 'active', capacity FROM witness_seat"
        " CROSS JOIN generate_series(1, 6) WHERE after = 'active'",
    ),
    "a match that came back": (
        "M1", "matching",
        "UPDATE match SET state = 'proposed'"
        " WHERE id = (SELECT min(id::text)::uuid FROM match WHERE state = 'active')",
    ),
    "two sessions at one time": (
        "S1", "scheduling",
        "INSERT INTO session SELECT gen_random_uuid(), match_id, ordinal + 10, state, sequence, starts_at,"
        " ends_at, zone, starts_wall, due_wall, mode, created_at, closed_at, closed_by, late"
        " FROM session WHERE state = 'completed' LIMIT 1",
    ),
    "a session that was undone": (
        "S1", "scheduling",
        "UPDATE session SET state = 'missed' WHERE state = 'completed'",
    ),
    "a message that stands twice": (
        "N1", "notifications",
        "ALTER TABLE message DROP CONSTRAINT message_recipient_id_cause_kind_channel_key;"
        " INSERT INTO message (id, recipient_id, cause, traceparent, correlation_id, kind, channel, state,"
        " caused_at, due_at, programme_id, calendar)"
        " SELECT gen_random_uuid(), recipient_id, cause, traceparent, correlation_id, kind, channel,"
        " 'waiting', caused_at, due_at, programme_id, calendar FROM message LIMIT 1",
    ),
    "a mail that was never sent": (
        "N1", "notifications",
        "UPDATE message SET id = gen_random_uuid()"
        " WHERE id = (SELECT min(id::text)::uuid FROM message WHERE state = 'sent')",
    ),
    "an event with a cause that nobody said": (
        "X1", "notifications",
        "UPDATE witness_said SET cause = gen_random_uuid()",
    ),
    "an event that is older than its cause": (
        "X1", "notifications",
        "UPDATE witness_said SET at = at - interval '1 day'",
    ),
    "a window that shows another number": (
        "L1", "analytics",
        "UPDATE live_window SET recounted = recounted + 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
async def test_the_checker_names_the_damage(judged: Judged, damage: str) -> None:
    name, service, statement = DAMAGES[damage]
    harm = judged.stores[service].transaction()
    await harm.start()
    try:
        await judged.stores[service].execute(statement)
        broken = {
            one.name.partition(" ")[0] for one in await judged.fought.judge(judged.stores) if not one.holds
        }
    finally:
        await harm.rollback()
    assert name in broken


async def test_D1_an_acknowledged_fact_that_nobody_said_is_named(judged: Judged) -> None:
    seen = judged.fought.evidence
    promised = replace(
        seen, said=await evidence.said_in(judged.stores), acknowledged=[("match-made", "no match")]
    )
    assert delivery.d1_acknowledged_was_said(promised).findings[0].which == ("('match-made', 'no match')",)


async def test_D5_records_that_lie_out_of_order_are_named(judged: Judged) -> None:
    seen = judged.fought.evidence
    turned = {place: list(reversed(records)) for place, records in seen.records.items()}
    assert not delivery.d5_in_order(replace(seen, records=turned)).holds


async def test_D6_an_offset_that_was_committed_before_its_record_was_applied_is_named(judged: Judged) -> None:
    fought, conn = judged.fought, judged.stores["notifications"]
    committed = await offsets.committed(fought.stage.company.kafka, "notifications")
    sampler = offsets.Sampler(fought.stage.company.kafka, fought.tail, fought.stage.owner)
    harm = conn.transaction()
    await harm.start()
    await conn.execute(f"DELETE FROM inbox WHERE event_id = {AN_EVENT}")
    await sampler.look(conn, "notifications", committed)
    await harm.rollback()
    assert len(sampler.ahead) == 1
    assert not sampler.stated().holds


@pytest.mark.parametrize("late", [{"outbox_s": 10.5}, {"lag_s": 30.5}], ids=["outbox", "lag"])
async def test_D7_what_took_too_long_after_the_last_fault_is_named(
    judged: Judged, late: dict[str, float]
) -> None:
    assert not replace(judged.fought, **late).d7_in_time().holds


async def test_N1_more_copies_of_mails_than_strikes_are_named(judged: Judged) -> None:
    wire = {f"<{name}@x>": 2 for name in judged.fought.crowd.post.wire.ids}
    assert not (await business.n1_one_message_per_cause(judged.stores, wire, 0)).holds

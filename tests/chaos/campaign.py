"""One campaign: the company lives under load, faults strike, the checker judges.

async with campaign.fought(folder, Wanted(seed=1, enough=…), tell=print) as fought:
    fought.report, fought.judge(stores)
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
from aiokafka.errors import KafkaError

from tests.chaos import stage as stages
from tests.chaos.checker import business, delivery, evidence, live, offsets, recount
from tests.chaos.checker.evidence import HEARD, Evidence, Place, Stores
from tests.chaos.checker.finding import Finding, Stated, found, stated
from tests.chaos.checker.topics import TOPICS, Tail
from tests.chaos.faults import KINDS
from tests.chaos.faults.scene import Scene
from tests.chaos.load import ledger as ledgers
from tests.chaos.load.crowd import FILES, Crowd
from tests.chaos.load.desk import Desk
from tests.chaos.load.hurry import Hurry
from tests.chaos.load.people import zone_by_day
from tests.chaos.load.post import Post
from tests.chaos.schedule import Schedule, Struck
from tests.chaos.stage import Stage

OUTBOX_S, LAG_S = 10.0, 30.0
PATIENCE_S = 120.0
AGAIN_S = 0.1
STILL_S = 4.0
"""What a client asked for and did not wait for, or a job does a moment later, is said within this time."""


@dataclass(frozen=True)
class Wanted:
    """`enough` says when faults have struck enough; `settle_live` waits until the last live window, not
    only the first one, has to be true."""

    seed: int
    enough: Callable[[Schedule], bool]
    events_per_s: float = 200.0
    per_file: int = 200
    lives: int = 4
    kinds: Sequence[str] = tuple(KINDS)
    settle_live: bool = True


@dataclass(eq=False)
class Fought:
    """A campaign whose faults are over and whose outboxes and lags were measured."""

    stage: Stage
    wanted: Wanted
    schedule: Schedule
    crowd: Crowd
    tail: Tail
    sampler: offsets.Sampler
    evidence: Evidence
    outbox_s: float
    lag_s: float
    took_s: float

    async def judge(self, stores: Stores) -> list[Stated]:
        """All invariants, on what stands in the stores now."""
        now = Evidence(
            await evidence.said_in(stores),
            await evidence.listeners_in(stores),
            self.evidence.records,
            self.evidence.acknowledged,
            self.evidence.strange,
            self.evidence.strangers,
        )
        owner = await stores["scheduling"].fetchval("SELECT session_user")
        return [
            delivery.d1_acknowledged_was_said(now),
            delivery.d2_everything_was_heard(now),
            delivery.d3_nothing_of_nowhere(now),
            await recount.d4_aggregates_equal_their_recount(stores, now),
            delivery.d5_in_order(now),
            self.sampler.stated(),
            self.d7_in_time(),
            delivery.d7_no_key_halts_for_nothing(now),
            await business.m1_no_mentor_has_too_many(stores),
            await business.s1_sessions_do_not_overlap(stores, owner),
            await business.n1_one_message_per_cause(
                stores, self.crowd.post.wire.ids, self.schedule.scene.resent
            ),
            delivery.x1_causes_come_first(now),
            await live.l1_closed_windows_equal(stores),
        ]

    def d7_in_time(self) -> Stated:
        """After the last fault the outboxes are empty within 10 s and nobody lags after 30 s."""
        findings: list[Finding] = []
        if self.outbox_s > OUTBOX_S:
            findings += found("wrong", "outboxes were empty too late", [f"after {self.outbox_s:.1f} s"])
        if self.lag_s > LAG_S:
            findings += found("wrong", "listeners lagged too long", [f"for {self.lag_s:.1f} s"])
        troubles = [f"{one.kind}: {one.trouble}" for one in self.schedule.struck if one.trouble]
        findings += found("wrong", "faults were not got over in time", troubles)
        return stated("D7 in time after the last fault", len(self.schedule.struck), findings)


@asynccontextmanager
async def fought(
    folder: Path,
    wanted: Wanted,
    *,
    tell: Callable[[Struck], None],
    stop: asyncio.Event | None = None,
    watch: Callable[[Crowd, Schedule], None] | None = None,
) -> AsyncIterator[Fought]:
    """Runs a campaign in `folder`; the company is still up while its end is looked at.

    `stop` ends it early; `watch` is called when the first fault is about to strike.
    """
    began = time.monotonic()
    async with AsyncExitStack() as ends:
        stage = await ends.enter_async_context(stages.up(folder, tell=lambda _sentence: None))
        http = await ends.enter_async_context(aiohttp.ClientSession())
        chance = random.Random(wanted.seed)
        book = ledgers.Ledger(folder / "acknowledged.jsonl")
        crowd = _crowd(stage, http, book, wanted)
        tail = Tail(stage.company.kafka, ledgers.KNOWN_BY)
        sampler = offsets.Sampler(stage.company.kafka, tail, stage.owner)
        scene = Scene(stage, chance, lambda: f"bulk-{chance.randrange(FILES * wanted.per_file)}")
        schedule = Schedule(scene, wanted.kinds, tell)
        for part in (tail, sampler):
            part.start()
            ends.push_async_callback(part.stop)
        await _first_files(crowd)
        crowd.start()
        if watch is not None:
            watch(crowd, schedule)
        over = await _struck(schedule, wanted, stop or asyncio.Event())
        await crowd.stop()
        outbox_s = await _outboxes_empty(stage, over)
        lag_s = await _no_lag(stage, over)
        took_s = time.monotonic() - began
        yield await _gathered(
            Fought(stage, wanted, schedule, crowd, tail, sampler, NOTHING, outbox_s, lag_s, took_s)
        )


async def _struck(schedule: Schedule, wanted: Wanted, stop: asyncio.Event) -> float:
    """All faults, one after another; the moment after the last."""
    schedule.began = time.monotonic()
    await schedule.run(wanted.enough, stop)
    await schedule.last()
    return time.monotonic()


MAIL_DUE = "SELECT count(*) FROM message WHERE state = 'waiting' AND due_at <= now()"
NOTHING = Evidence({}, {}, {})


async def _first_files(crowd: Crowd) -> None:
    """Everybody of the large files is known before the first fault: poison needs somebody's key."""
    while crowd.imports < FILES:
        await crowd.one_file()


def _crowd(stage: Stage, http: aiohttp.ClientSession, book: ledgers.Ledger, wanted: Wanted) -> Crowd:
    company = stage.company
    desk = Desk(http, company.tokens.admin, company.http, book, random.Random(f"{wanted.seed} desk"))
    return Crowd(
        desk,
        Post(company.mail_dir),
        Hurry(stage.owners["scheduling"]),
        zone_by_day(),
        random.Random(f"{wanted.seed} crowd"),
        lives=wanted.lives,
        per_file=wanted.per_file,
        events_per_s=wanted.events_per_s,
        behind=stage.behind,
    )


async def _outboxes_empty(stage: Stage, over: float) -> float:
    """Seconds from the end of the last fault until every outbox was empty."""
    async with AsyncExitStack() as ends:
        stores = await evidence.opened(ends, stage.owners)
        while await evidence.outbox_rows(stores):
            if time.monotonic() > over + PATIENCE_S:
                break
            await asyncio.sleep(AGAIN_S)
    return time.monotonic() - over


async def _no_lag(stage: Stage, over: float) -> float:
    """Seconds from the end of the last fault until every group had committed the ends of its topics."""
    broker = stage.company.kafka
    while time.monotonic() < over + PATIENCE_S:
        try:
            wanted = await offsets.ends(broker, TOPICS)
            lags = [
                end - at.get(place, 0)
                for service, topics in HEARD.items()
                for at in [await offsets.committed(broker, service)]
                for place, end in wanted.items()
                if place[0] in topics
            ]
        except (KafkaError, OSError, TimeoutError):
            lags = [1]
        if not any(lag > 0 for lag in lags):
            break
        await asyncio.sleep(AGAIN_S)
    return time.monotonic() - over


async def _no_mail_due(stage: Stage) -> bool:
    return await stage.ask("notifications", MAIL_DUE) == 0


async def _gathered(one: Fought) -> Fought:
    """Waits until nothing happens any more, then reads topics and mails to their ends."""
    await _windows_settled(one.stage, all if one.wanted.settle_live else any)
    await _still(one.stage)
    await one.tail.caught_up(await offsets.ends(one.stage.company.kafka, TOPICS))
    one.crowd.post.read()
    for service in HEARD:
        await one.sampler.sample(service)
    scene = one.schedule.scene
    one.evidence = Evidence(
        {},
        {},
        dict(one.tail.records),
        ledgers.read(one.crowd.desk.ledger.path),
        _strange(one.tail, scene.marks),
        frozenset(scene.strangers),
    )
    return one


async def _still(stage: Stage) -> None:
    """Until all that was said has been heard, all mail is out, and nothing more has been said for a while:
    what is judged is read one after another, and must not change meanwhile."""
    async with AsyncExitStack() as ends:
        stores = await evidence.opened(ends, stage.owners)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            before = await evidence.said_rows(stores)
            await stages.until_async(lambda: _no_mail_due(stage), "no mail is due", within_s=PATIENCE_S)
            await _outboxes_empty(stage, time.monotonic())
            await _no_lag(stage, time.monotonic())
            await asyncio.sleep(STILL_S)
            if await evidence.said_rows(stores) == before:
                return


def _strange(tail: Tail, marks: set[str]) -> frozenset[Place]:
    """Where the records lie that the harness itself has put into the topics, and that are no events."""
    return frozenset(
        (topic, partition, record.offset)
        for (topic, partition), records in tail.records.items()
        for record in records
        if record.event_id is None and any(mark in record.fact[1] for mark in marks)
    )


async def _windows_settled(stage: Stage, many: Callable[[Iterable[bool]], bool]) -> None:
    """60 s after the last window has closed every window has to be true; or after the first one, that one."""
    conn: asyncpg.Connection = await stage.owner("analytics")
    try:
        while True:
            if many([row["settled"] for row in await conn.fetch(live.WINDOWS, live.WITHIN_S)]):
                return
            await asyncio.sleep(AGAIN_S * 10)
    finally:
        await conn.close()

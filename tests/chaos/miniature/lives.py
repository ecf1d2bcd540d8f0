"""The two processes of the miniature, each with nothing but `shared/` in it.

The speaker obeys orders from a file, one transaction each: a business row and the events, whose ids it writes
down outside after the commit. The listener keeps an aggregate and a log of effects in the order they happen.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from shared import apply, consumer, crash, log, relay, tx
from shared.clock import WallClock
from shared.errors import Early, Transient
from shared.events import MatchEnded, MatchMade, SessionCompleted
from shared.inbox import Heard
from shared.progress import Progress
from shared.run import open_pool
from shared.service import InBatches
from shared.waiting import pause
from tests.chaos.miniature import phrases

SPEAKER_TABLES = """
CREATE TABLE obeyed (number int PRIMARY KEY);
CREATE TABLE counted (topic text, key text, said int NOT NULL, PRIMARY KEY (topic, key));
GRANT ALL ON obeyed, counted TO PUBLIC;
"""
LISTENER_TABLES = """
CREATE TABLE known (key text PRIMARY KEY);
CREATE TABLE poison (key text PRIMARY KEY);
CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, topic text, key text, ordinal int);
CREATE TABLE tally (topic text, key text, many int, total int, PRIMARY KEY (topic, key));
GRANT ALL ON known, poison, effect, tally TO PUBLIC;
"""
NEXT = """
INSERT INTO counted AS c (topic, key, said) VALUES ($1, $2, 1)
ON CONFLICT (topic, key) DO UPDATE SET said = c.said + 1 RETURNING said
"""
EFFECTS = """
WITH happened AS (
    INSERT INTO effect (topic, key, ordinal)
    SELECT $1, key, ordinal FROM unnest($2::text[], $3::int[]) WITH ORDINALITY AS n (key, ordinal, place)
    ORDER BY place RETURNING topic, key, ordinal
)
INSERT INTO tally AS t (topic, key, many, total)
SELECT topic, key, count(*), sum(ordinal) FROM happened GROUP BY topic, key
ON CONFLICT (topic, key) DO UPDATE SET many = t.many + excluded.many, total = t.total + excluded.total
"""


async def live(role: str) -> None:
    settings = phrases.MiniatureSettings()
    log.configure("miniature", replica=settings.replica, level=settings.log_level)
    crash.arm(settings)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with open_pool(settings, stopping) as pool:
        door = tx.Door("plumbing", pool, WallClock(), tx.Bell(), settings.topic_prefix)
        if role == "listener":
            await consumer.run(door, ears(), settings, Progress(), stopping=stopping)
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run(settings, door.bell, Progress(), stopping))
            group.create_task(obey(door, Path(os.environ["ORDERS"]), stopping))


async def obey(door: tx.Door, folder: Path, stopping: asyncio.Event) -> None:
    """Carries out the lines of `orders` from where an earlier life stopped; orders `aside` do not wait."""
    done: set[int] | None = None
    asides = []
    while not stopping.is_set():
        if done is None:
            done = await already(door)
        for number, line in enumerate(lines_of(folder / "orders")):
            if done is None or number in done:
                continue
            done.add(number)
            order = json.loads(line)
            work = carry_out(door, folder, number, order["events"])
            if order["aside"]:
                asides.append(asyncio.create_task(work))
            else:
                await work
        await pause(0.005, stopping)


def lines_of(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


async def already(door: tx.Door) -> set[int] | None:
    try:
        async with tx.transaction(door, "obeyed") as t:
            return {row["number"] for row in await t.conn.fetch("SELECT number FROM obeyed")}
    except Transient:
        return None


async def carry_out(door: tx.Door, folder: Path, number: int, events: Sequence[Any]) -> None:
    while True:
        try:
            async with tx.transaction(door) as t:
                await t.conn.execute("INSERT INTO obeyed (number) VALUES ($1)", number)
                said = []
                for topic, key in events:
                    ordinal = await t.conn.fetchval(NEXT, topic, key)
                    said.append(t.emit(phrases.event(topic, key, ordinal)))
            break
        except Transient:
            await asyncio.sleep(0.02)
    acknowledge(folder / "acknowledged", said)


def acknowledge(path: Path, said: Sequence[Any]) -> None:
    with path.open("a") as file:
        file.write("".join(f"{one}\n" for one in said))


def ears() -> apply.Ears:
    return apply.Ears.of(
        "plumbing",
        {
            MatchMade: on_match_made,
            MatchEnded: on_match_ended,
            SessionCompleted: InBatches(on_sessions_completed),
        },
        look_at,
    )


async def look_at(applied: Sequence[Heard], t: tx.Tx) -> None:
    """Told of everything that was applied: it has to be in the inbox by then, in the same transaction."""
    ids = [one.envelope.id for one in applied]
    assert await t.conn.fetchval("SELECT count(*) FROM inbox WHERE event_id = ANY($1)", ids) == len(ids)


async def on_match_made(event: MatchMade, t: tx.Tx) -> None:
    await t.conn.execute("INSERT INTO known (key) VALUES ($1) ON CONFLICT DO NOTHING", event.key)
    await t.conn.execute(EFFECTS, phrases.MADE, [event.key], [event.version])


async def on_match_ended(event: MatchEnded, t: tx.Tx) -> None:
    await t.conn.execute(EFFECTS, phrases.ENDED, [event.key], [event.version])
    if await t.conn.fetchval("SELECT true FROM poison WHERE key = $1", event.key):
        raise ValueError("this match cannot end")


async def on_sessions_completed(events: Sequence[SessionCompleted], t: tx.Tx) -> None:
    keys = {event.key for event in events}
    known = await t.conn.fetchval("SELECT count(*) FROM known WHERE key = ANY($1)", list(keys))
    if known < len(keys):
        raise Early("a match")
    ordinals = [event.ordinal for event in events]
    await t.conn.execute(EFFECTS, phrases.COMPLETED, [event.key for event in events], ordinals)


SPEAKER, LISTENER = partial(live, "speaker"), partial(live, "listener")

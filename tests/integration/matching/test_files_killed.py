"""A process that takes over a large file is killed, and another one goes on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from services.matching.commands.snapshots import PIECE_ROWS
from services.matching.hris import files
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.matching.test_files import FACTS, PATH, send, shown, taken_over
from tests.integration.matching.world import World, opened
from tests.unit.matching.builders import a_wide_file, a_wide_row

BEFORE, PIECES = 400, 5
ROWS = PIECES * PIECE_ROWS
JUST_HELD_UP_S = 0.15
"""Less than two pieces take on any machine."""
PEOPLE = """
SELECT p.employee_number, p.user_name, p.title, p.status, p.leave_from, p.terminated_on, p.version, p.due_at,
       b.employee_number AS boss
FROM person p LEFT JOIN person b ON b.id = p.manager_id ORDER BY p.employee_number
"""
SAID = """
SELECT p.employee_number, o.topic, o.sequence, convert_from(o.payload, 'UTF8')::jsonb ->> 'version' AS version
FROM outbox o JOIN person p ON p.id::text = o.key ORDER BY p.employee_number, o.topic, o.sequence
"""
COUNTED = "SELECT topic, sum(last) FROM outbox_sequence GROUP BY topic ORDER BY topic"
LEFT_OVER = "SELECT count(*) FROM hris_file_row"
DONE = "SELECT rows_done FROM hris_file ORDER BY created_at DESC LIMIT 1"
STATE = "SELECT state FROM hris_file ORDER BY created_at DESC LIMIT 1"


def people(count: int) -> list[str]:
    """Everybody reports to somebody who comes later in the file."""
    return [
        a_wide_row(number, manager_employee_number=str(min(number * 3, count)))
        for number in range(1, count + 1)
    ]


def changes(chance: random.Random) -> bytes:
    """Most are new; of those who are known some have another title, leave, are away or are not there, two
    have swapped their names; some rows are wrong, and some are there twice."""
    rows = people(ROWS)
    places = chance.sample(range(2, BEFORE - 10), 60)
    for place in places[:30]:
        rows[place] = a_wide_row(place + 1, title=f"Title {place}")
    for place in places[30:50]:
        rows[place] = a_wide_row(place + 1, status="leave", leave_from="2026-03-01", leave_until="2026-05-01")
    for place in places[50:54]:
        rows[place] = a_wide_row(place + 1, termination_date="2026-02-27")
    rows[0], rows[1] = a_wide_row(1, user_name="user2"), a_wide_row(2, user_name="user1")
    for place in chance.sample(range(BEFORE, ROWS), 40):
        rows[place] = a_wide_row(place + 1, time_zone="Mars/Base")
    rows += chance.sample([row for row in rows[BEFORE:] if "Mars" not in row], 20)
    for place in sorted(places[54:], reverse=True):
        del rows[place]
    return a_wide_file(*rows)


@contextlib.asynccontextmanager
async def importing(dsn: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that takes over files, until it is killed."""
    with log.open("ab") as notes:
        command = (sys.executable, "-m", "tests.integration.matching.importing", dsn)
        process = await asyncio.create_subprocess_exec(*command, cwd=infra.ROOT, stdout=notes, stderr=notes)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(pool: tx.Pool, question: str, enough: Any, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not enough(await pool.fetchval(question)):
        if time.monotonic() > deadline:
            said = await asyncio.to_thread(log.read_text)
            raise AssertionError(f"{question}: not within a minute\n{said}")
        await asyncio.sleep(0.002)


async def told(here: World, file_id: str) -> list[Any]:
    """Everything that an import leaves behind, without ids."""
    found: list[Any] = [
        [tuple(row) for row in await here.door.pool.fetch(query)] for query in (PEOPLE, FACTS, SAID, COUNTED)
    ]
    rejects = await here.call("GET", f"{PATH}/{file_id}/rejects")
    assert rejects.status_code == 200, rejects.text
    one = await shown(here, file_id)
    counted = {name: one[name] for name in ("state", "tally", "kinds", "rows_total", "rows_done", "report")}
    return [*found, rejects.text, counted, await here.door.pool.fetchval(LEFT_OVER)]


async def begun(here: World, content: bytes) -> str:
    """A company, and a file about it that is kept and not taken over yet."""
    await taken_over(here, a_wide_file(*people(BEFORE)))
    return str((await send(here, content, full=True))["file_id"])


async def test_an_import_killed_in_the_middle_is_finished_by_another_process_as_if_nothing_had_been(
    database: infra.MakeDatabase, tmp_path: Path
) -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    content, log = changes(chance), tmp_path / "importing.log"
    stores = [await database("matching") for _ in range(2)]
    async with contextlib.AsyncExitStack() as stack:
        killed, undisturbed = [await stack.enter_async_context(a_world(one.dsn, tmp_path)) for one in stores]
        file_id, other_id = [await begun(one, content) for one in (killed, undisturbed)]
        reached = chance.randint(1, (PIECES - 3) * PIECE_ROWS)
        async with importing(stores[0].dsn, log) as process:
            await until(killed.door.pool, DONE, lambda rows: rows >= reached, log)
            moment = time.monotonic() + chance.random() * JUST_HELD_UP_S
            await until(killed.door.pool, DONE, lambda _: time.monotonic() > moment, log)
            process.kill()
            await process.wait()
        half = await shown(killed, file_id)
        assert half["state"] == "applying"
        assert reached <= half["rows_done"] < half["rows_total"]
        async with importing(stores[0].dsn, log):
            await until(killed.door.pool, STATE, lambda state: state == "done", log)
        while await files.take_over_next(undisturbed.door):
            pass
        after, expected = await told(killed, file_id), await told(undisturbed, other_id)
    assert after == expected
    assert expected[-1] == 0
    tally = expected[-2]["tally"]
    assert (tally["rejected"], tally["repeated"]) == (40, 20), tally


@contextlib.asynccontextmanager
async def a_world(dsn: str, folder: Path) -> AsyncIterator[World]:
    clock = SteppedClock()
    clock.set(BEGINNING)
    pool = await infra.connect(dsn)
    try:
        async with opened(tx.Door("matching", pool, clock, tx.Bell()), folder) as world:
            yield world
    finally:
        pool.terminate()

"""A file of people, from its upload until its last row is taken over."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

from services.matching.core.roster import COLUMNS
from tests.bench.figures import Row
from tests.bench.hris import staff
from tests.bench.hris.clients import Request
from tests.bench.hris.house import FILES, House, Matching

SECONDS_MAX, MEGABYTES_MAX, HELD_MAX_MS = 30.0, 300.0, 20.0
TIMEOUT_S = 600.0
STATE = "SELECT state FROM hris_file"


def content(rows: int) -> bytes:
    """Everybody who is in the table already, and as many more as it takes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows({**staff.card(place), "status": "active"} for place in range(rows))
    return text.getvalue().encode()


async def rows(house: House) -> list[Row]:
    sent = content(house.sizes.rows)
    async with house.serving(await house.company(house.sizes.people)) as matching:
        token = await matching.opener(FILES, "token")
        headers = {"authorization": f"Bearer {token}", "content-type": "text/csv"}
        upload = Request("POST", f"/v1/hris/files?source={FILES}", headers, sent)
        before_s, before_mb = matching.cpu_s(), _largest_mb(matching)
        driven = (await matching.clients.drive([upload])).all_are(202)
        await matching.until(STATE, "done", TIMEOUT_S)
        used_s = matching.cpu_s() - before_s
        seconds = time.monotonic() - driven.began
        held_ms = await matching.held.longest_s(driven.began) * 1000
        megabytes = _largest_mb(matching)
    each_us = used_s / house.sizes.rows * 1e6
    how = f"{each_us:.0f} µs of the process's core for each row; the indexes of person and fact"
    what = f"{house.sizes.rows:,} rows, {house.sizes.people:,} of them about people who are known"
    libraries = f"{before_mb:.0f} MB of it before the file came: the compiled solver and its libraries"
    return [
        _at_most("csv-seconds", f"{what}: from the upload until all is done", seconds, SECONDS_MAX, how),
        _at_most(
            "csv-memory", "MB of the process at its largest meanwhile", megabytes, MEGABYTES_MAX, libraries
        ),
        _at_most(
            "csv-held", "ms for which it holds the loop at most (processor time)", held_ms, HELD_MAX_MS, how
        ),
    ]


def _largest_mb(matching: Matching) -> float:
    """The highest resident size of the process so far."""
    status = Path(f"/proc/{matching.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1000


def _at_most(id: str, what: str, value: float, goal: float, bounded_by: str) -> Row:
    units = {"csv-seconds": "s", "csv-memory": "MB", "csv-held": "ms"}
    return Row(
        id=id,
        what=what,
        unit=units[id],
        value=value,
        bound=None,
        ratio=None,
        goal=goal,
        at_least=False,
        spread=(value, value),
        bounded_by=bounded_by,
    )

"""The campaign: `make chaos`, or `python -m tests.chaos`.

CHAOS_MINUTES (20) and CHAOS_SEED (drawn) choose it, CHAOS_EVENTS_PER_S (200) its load. Ctrl-C ends it early:
what has happened so far is judged. The exit code says whether all invariants hold.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from deploy.local import home as homes
from deploy.local.child import Trouble
from tests.chaos import campaign, report
from tests.chaos.campaign import Wanted
from tests.chaos.checker import evidence
from tests.chaos.load.crowd import Crowd
from tests.chaos.schedule import Schedule, Struck

FOLDER = Path(__file__).parents[2] / ".local" / "chaos"
STATE_S = 30.0


async def fight(minutes: float, seed: int, console: Console) -> bool:
    """A whole campaign. Returns whether all invariants hold."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    rate = float(os.environ.get("CHAOS_EVENTS_PER_S", "200"))
    wanted = Wanted(seed, lambda run: time.monotonic() - run.began > minutes * 60, events_per_s=rate)
    console.print(f"{minutes:g} minutes of faults by seed {seed}: CHAOS_SEED={seed} does it again.")
    run = FOLDER / "run"
    watching: list[asyncio.Task[None]] = []

    def watch(crowd: Crowd, schedule: Schedule) -> None:
        watching.append(asyncio.create_task(_tell_state(crowd, schedule, console)))

    async with AsyncExitStack() as ends:
        fought = await ends.enter_async_context(
            campaign.fought(run, wanted, tell=lambda one: _tell(one, console), stop=stop, watch=watch)
        )
        for task in watching:
            task.cancel()
        stores = await evidence.opened(ends, fought.stage.owners)
        verdict = await fought.judge(stores)
        found = await report.of(fought, stores, verdict)
    (FOLDER / "report.json").write_text(json.dumps(found, indent=2, default=str))
    report.show(found, console)
    holds = all(one.holds for one in verdict)
    if holds:
        homes.forget(homes.Home(run))
    else:
        console.print(f"[red]Not all invariants hold.[/] Data, mails and logs of the run are kept in {run}.")
    console.print(f"The report is in {FOLDER / 'report.json'}.")
    return holds


def _tell(one: Struck, console: Console) -> None:
    trouble = f" [red]{one.trouble}[/]" if one.trouble else ""
    console.print(f"{one.began_s:7.1f} – {one.ended_s:6.1f} s  {one.kind}: {one.what}{trouble}")


async def _tell_state(crowd: Crowd, schedule: Schedule, console: Console) -> None:
    while True:
        await asyncio.sleep(STATE_S)
        lived, mails = crowd.ends["lived to the end"], crowd.post.wire.count
        console.print(
            f"[dim]{len(schedule.struck)} faults; {crowd.desk.ledger.commands} commands acknowledged, "
            f"{lived} programmes lived to the end, {mails} mails[/]"
        )


def main() -> int:
    console = Console(soft_wrap=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that its broker is away is the point
    try:
        minutes = float(os.environ.get("CHAOS_MINUTES", "20"))
        seed = int(os.environ.get("CHAOS_SEED", random.SystemRandom().randrange(1, 10_000)))
        return 0 if asyncio.run(fight(minutes, seed, console)) else 1
    except (Trouble, ValueError) as error:
        console.print(f"[red]{error}[/]")
        return 2


if __name__ == "__main__":
    sys.exit(main())

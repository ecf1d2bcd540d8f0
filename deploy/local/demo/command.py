"""`mentoring demo`: starts a company of its own, tells the story, reports, and keeps the console open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.local import stack
from deploy.local.company import made_up, roster
from deploy.local.demo import proof, report, story
from deploy.local.demo.report import Measured
from deploy.local.demo.story import Story
from deploy.local.stack import Stack

SEED = 1
WEEKS = 26
MEASURE_WEEKS = 4


async def run(
    directory: Path,
    *,
    seed: int = SEED,
    weeks: int = WEEKS,
    port_base: int | None = None,
    replicas: Mapping[str, int] | None = None,
    keep_open: bool | None = None,
    console: Console | None = None,
) -> str | None:
    """Returns None, or the sentence that says what went wrong (something lost, doubled or parked).

    `keep_open` waits at the end until it is cancelled; by default where a terminal is watching. Raises
    Trouble where the stack cannot be started, NotQuiet where a service got stuck.
    """
    screen = console or Console()
    people = made_up.people(roster.load(), seed=seed)
    screen.print("Starting Kafka, PostgreSQL, a mail server, four services and the live worker …")
    began = time.monotonic()
    async with stack.running(
        directory,
        replicas=replicas,
        clock="stepped",
        port_base=port_base,
        said_copy=True,
        fresh=True,
        tell=screen.print,
    ) as company:
        measured = Measured(setup_seconds=time.monotonic() - began)
        screen.print(f"[dim]Console:[/] {company.console}", soft_wrap=True)
        async with story.told(company, people, seed=seed, weeks=weeks) as tale:
            found = await _tell(tale, measured, screen)
        screen.print(report.table(found))
        screen.print(f"Report: {report.write(found, directory)}")
        wrong = report.wrong(found)
        if screen.is_terminal if keep_open is None else keep_open:
            await _stay(company, screen, wrong)
    return wrong


async def _tell(tale: Story, measured: Measured, screen: Console) -> dict[str, Any]:
    began = time.monotonic()
    with Bar(screen, tale) as bar:
        await tale.until(tale.end, lambda tale: bar.show(tale, measured))
    measured.wall_seconds = time.monotonic() - began
    return await report.of(tale, measured)


async def _stay(company: Stack, screen: Console, wrong: str | None) -> None:
    if wrong is not None:
        screen.print(f"[red]{wrong}[/]")
    screen.print(f"The console stays open: {company.console}\nCtrl-C stops everything.", soft_wrap=True)
    # Being told to stop is how it is meant to end: the stack's own ending comes after this.
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


@dataclass
class Bar:
    """The progress of the story: its week, and how much has happened."""

    screen: Console
    tale: Story
    week: int = -1
    _progress: Progress | None = None
    _task: TaskID = field(default=TaskID(0))

    def __enter__(self) -> Bar:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"))
        self._progress = Progress(*columns, TimeElapsedColumn(), console=self.screen)
        weeks = (self.tale.end - self.tale.begin).days / 7
        self._task = self._progress.add_task("Week 0", total=weeks, said="")
        if self.screen.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    async def show(self, tale: Story, measured: Measured) -> None:
        """Called after every step; asks the databases once a week. Without a terminal each week is a line."""
        assert self._progress is not None
        passed = (tale.now - tale.begin).total_seconds() / (7 * 24 * 3600)
        self._progress.update(self._task, completed=passed)
        week = int(passed)
        if week == self.week:
            return
        self.week = week
        if week % MEASURE_WEEKS == MEASURE_WEEKS - 1 or tale.now >= tale.end:
            _keep_the_highest(measured, tale.company.memory_mb)
        said = await proof.said_by_topic(tale.databases)
        words = (
            f"{said['match-made']} matches, {said['session-completed']} of "
            f"{said['session-scheduled']} sessions held, {tale.mailbox.count} mails"
        )
        self._progress.update(self._task, description=f"Week {week}", said=words)
        if not self.screen.is_terminal:
            self.screen.print(f"Week {week}: {words}", soft_wrap=True)


def _keep_the_highest(measured: Measured, look: Callable[[], Mapping[str, float]]) -> None:
    now = look()
    if sum(now.values()) > sum(measured.memory_mb.values()):
        measured.memory_mb = now

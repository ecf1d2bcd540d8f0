"""Commands that start a company on this machine and keep it running."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.cli import options
from deploy.local import demo as story
from deploy.local import stack
from deploy.local.child import Trouble
from deploy.local.demo.organiser import Declined
from deploy.local.stack import Stack
from deploy.local.stepper import NotQuiet

SEED = 1
WEEKS = 26
INTERRUPTED = 130

Sample = Annotated[bool, typer.Option("--sample", help="Fill it with the sample company of 290 people.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget what the last run in this folder left.")]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Chooses the story: the same seed, the same counts.")
]
Weeks = Annotated[int, typer.Option("--weeks", min=1, max=52, help="How long the story is.")]
KeepOpen = Annotated[
    bool | None,
    typer.Option(
        "--keep-open/--exit", help="Whether the console stays open at the end; by default on a terminal."
    ),
]


@dataclass(frozen=True)
class Wanted:
    """What the user asked for."""

    directory: Path
    replicas: dict[str, int]
    port_base: int | None
    fresh: bool
    sample: bool


def up(
    sample: Sample = False,
    fresh: Fresh = False,
    replicas: options.Replicas = None,
    port_base: options.PortBase = None,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Starts the whole company on this machine: Kafka, PostgreSQL, mail, services, console."""
    wanted = Wanted(directory, options.replicas(replicas), port_base, fresh, sample)
    console = Console()
    options.run(_up(wanted, console))
    console.print("Everything is stopped.")


async def _up(wanted: Wanted, console: Console) -> None:
    console.print("Starting Kafka, PostgreSQL, mail and the services …")
    async with stack.running(
        wanted.directory,
        replicas=wanted.replicas,
        port_base=wanted.port_base,
        fresh=wanted.fresh,
        tell=console.print,
    ) as company:
        if wanted.sample:
            await _fill(company, console)
        console.rule("Mentoring is running")
        # Links are not broken into lines: one clicks on them.
        console.print(_welcome(company), soft_wrap=True)
        await asyncio.Event().wait()


async def _fill(company: Stack, console: Console) -> None:
    try:
        await story.sample(company, seed=SEED, tell=console.print)
    except Declined as declined:
        raise Trouble(f"The sample does not fit in: {declined}. Begin anew with --fresh.") from declined


def demo(
    seed: Seed = SEED,
    weeks: Weeks = WEEKS,
    keep_open: KeepOpen = None,
    replicas: options.Replicas = None,
    port_base: options.PortBase = None,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Lets 290 people live through half a year of mentoring, in minutes, and counts what came of it."""
    wrong: list[str | None] = []

    async def tell() -> None:
        wrong.append(
            await story.run(
                directory,
                seed=seed,
                weeks=weeks,
                port_base=port_base,
                replicas=options.replicas(replicas),
                keep_open=keep_open,
            )
        )

    try:
        finished = options.run(tell())
    except (NotQuiet, Declined) as stuck:
        raise Trouble(f"The story got stuck: {stuck}. The logs are in {directory / 'logs'}.") from stuck
    if wrong and wrong[0]:
        raise Trouble(wrong[0])
    if not finished:
        raise typer.Exit(INTERRUPTED)


def _welcome(company: Stack) -> str:
    lines = {
        "console": company.console,
        "desk": company.desk,
        "mails": str(company.mail_dir),
        "logs": str(company.directory / "logs"),
        "kafka": company.kafka,
        **{service: " ".join(urls) for service, urls in company.http.items()},
        "all of it": str(company.directory / "stack.json"),
    }
    shown = "\n".join(f"[bold]{name:<14}[/]{value}" for name, value in lines.items())
    return f"{shown}\n\n`mentoring status` shows how it is doing. Ctrl-C stops everything."

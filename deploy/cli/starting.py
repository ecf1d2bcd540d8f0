"""Commands that start a company on this machine and keep it running."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel

from deploy.cli import options
from deploy.local import stack
from deploy.local.stack import Stack


def up(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget what the last run in this folder left.")
    ] = False,
    replicas: options.Replicas = None,
    port_base: options.PortBase = None,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Starts the whole company on this machine: Kafka, PostgreSQL, mail, services, console."""
    many = options.replicas(replicas)
    console = Console()
    options.run(_up(directory, console, replicas=many, port_base=port_base, fresh=fresh))
    console.print("Everything is stopped.")


async def _up(
    directory: Path, console: Console, *, replicas: dict[str, int], port_base: int | None, fresh: bool
) -> None:
    console.print("Starting Kafka, PostgreSQL, mail and the services …")
    async with stack.running(
        directory, replicas=replicas, port_base=port_base, fresh=fresh, tell=console.print
    ) as company:
        console.print(Panel(_welcome(company), title="Mentoring is running", expand=False))
        await asyncio.Event().wait()


def _welcome(company: Stack) -> str:
    lines = {
        "console": company.console,
        "mails": str(company.mail_dir),
        "logs": str(company.directory / "logs"),
        "kafka": company.kafka,
        **{service: " ".join(urls) for service, urls in company.http.items()},
        "all of it": str(company.directory / "stack.json"),
    }
    shown = "\n".join(f"[bold]{name:<14}[/]{value}" for name, value in lines.items())
    return f"{shown}\n\n`mentoring status` shows how it is doing. Ctrl-C stops everything."

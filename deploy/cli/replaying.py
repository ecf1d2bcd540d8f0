"""The command `replay`: rebuild what a service keeps of events, and compare it with the live store."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import Annotated

import asyncpg
import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from deploy.cli import found, options
from deploy.local import servers
from deploy.local.child import Trouble
from deploy.local.databases import SERVICES
from deploy.replay import report
from deploy.replay.run import Live, replay
from deploy.replay.scratch import Place
from shared import log

Service = Annotated[str, typer.Argument(help="analytics, scheduling or notifications")]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Only events up to this business time, UTC."),
]
Into = Annotated[
    str | None,
    typer.Option(
        "--into",
        metavar="DSN",
        help="An empty database to rebuild into; needed on a server of yours.",
    ),
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the rebuilt database there.")]


def command(
    service: Service,
    until: Until = None,
    into: Into = None,
    keep: Keep = False,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Rebuilds what a service keeps of events in a fresh database; exit code 1 where the live one differs."""
    moment = _moment(until)
    live, admin_dsn = _live(service, directory)
    screen = Console()
    log.configure("replay", "ERROR")
    try:
        outcome = asyncio.run(replay(live, Place(admin_dsn, into, keep), until=moment, screen=screen))
    except KafkaError as error:
        raise Trouble(f"The topics cannot be read: {error!r}.") from error
    except (asyncpg.PostgresError, OSError) as error:
        raise Trouble(f"The replay broke off: {error or type(error).__name__}.") from error
    report.show(screen, outcome)
    if not outcome.equal:
        raise typer.Exit(1)
    screen.print("The live store is what its events say.")


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise Trouble(f"--until {text} is not a time: say for example 2026-07-01T12:00.") from error
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _live(service: str, directory: options.Directory) -> tuple[Live, str | None]:
    """The company, and the superuser's address where the server is the stack's own. Raises Trouble."""
    if service not in SERVICES:
        raise Trouble(f"There is no service {service}: choose from {', '.join(SERVICES)}.")
    dsns, kafka = servers.given_databases(os.environ), servers.given_kafka(os.environ)
    if dsns and kafka:
        prefix = os.environ.get("MENTORING_TOPIC_PREFIX", "")
        return Live(service, dsns[service], kafka, prefix), None
    running = found.stack(directory)
    live = Live(service, running.databases[service], running.kafka, running.topic_prefix)
    return live, running.server or None

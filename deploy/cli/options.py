"""The options that several commands have in common, and how their values are read."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from deploy.local.child import Trouble
from deploy.local.stores import ROOT

DEFAULT_DIRECTORY = ROOT / ".local"

Directory: TypeAlias = Annotated[
    Path, typer.Option("--dir", help="The stack's folder; each stack has its own.", show_default=".local")
]
PortBase: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--port-base", help="Take this port and the ones after it, instead of free ones.", metavar="N"
    ),
]
Replicas: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--replicas", help="How many processes a service has; may be repeated.", metavar="SERVICE=N"
    ),
]


def replicas(values: Sequence[str] | None) -> dict[str, int]:
    """`["matching=2"]` as numbers by service. Raises Trouble."""
    found = {}
    for value in values or ():
        service, _, many = value.partition("=")
        if not many.isdecimal():
            raise Trouble(f"--replicas {value} is not understood: say for example --replicas matching=2.")
        found[service] = int(many)
    return found


def run(work: Coroutine[Any, Any, None]) -> bool:
    """Runs it to its end. Ctrl-C, SIGTERM and a closed terminal cancel it: it tidies up; then False."""
    try:
        asyncio.run(_cancelled_by_signals(work))
    except asyncio.CancelledError:
        return False
    return True


async def _cancelled_by_signals(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    await task

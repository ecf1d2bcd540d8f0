"""Commands about the audit: whether what was noted of changes is still that, and the head of its chain."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli import found, options
from deploy.local.child import Trouble
from services.matching import commands, core, store
from services.matching.core.audit import Head, Verdict

Expected = Annotated[
    str | None, typer.Option("--head", help="A head that an earlier check has printed.", metavar="PLACE:LINK")
]

audit = typer.Typer(no_args_is_help=True, help="Who changed what: whether the record of it is whole.")


@audit.callback()
def group() -> None:
    """Keeps the name of the command, of which there is one so far."""


@audit.command("verify")
def verify(head: Expected = None, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Checks every entry of the audit against its seal, and each seal against the one before.

    Exit code 1 where one does not hold. What was erased counts as such: its seal still holds.
    """
    expected = None if head is None else core.audit.read_head(head)
    if head is not None and expected is None:
        raise Trouble(f"{head} is no head: give what an earlier check has printed, like 17:0f3a…")
    verdict, cut = asyncio.run(_check(found.stack(directory), expected))
    screen = Console()
    for finding in verdict.findings:
        screen.print(f"[bold red]{escape(finding.sentence)}[/]")
    if cut:
        screen.print(
            f"[bold red]the chain no longer has the head {escape(str(expected))}[/]: its end was cut off."
        )
    screen.print(escape(_summary(verdict)))
    if verdict.broken or cut:
        raise typer.Exit(1)


def _summary(verdict: Verdict) -> str:
    kept = f"{verdict.sealed:,} sealed entries, {verdict.erased:,} of them erased"
    outcome = f"{verdict.broken:,} do not hold." if verdict.broken else "All of them hold."
    return f"{kept}; {verdict.waiting:,} wait for their seal. {outcome} Head: {verdict.head}"


async def _check(running: found.Found, expected: Head | None) -> tuple[Verdict, bool]:
    async with (
        found.store(running, "matching") as conn,
        conn.transaction(isolation="repeatable_read", readonly=True),
    ):
        verdict = await commands.audit.verify(conn)
        cut = expected is not None and await store.audit.link_at(conn, expected.position) != expected.link
    return verdict, cut

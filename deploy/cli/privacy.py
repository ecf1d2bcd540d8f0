"""Commands about people's own data: forgetting somebody, taking that back, and what was removed where."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli import found, options
from deploy.cli.matching import Asked, asking, person_id
from deploy.local.child import Trouble
from deploy.local.databases import SERVICES
from shared import retention

ERASURES = "/v1/privacy/erasures"
SAID = {
    "waiting": "is erased on {runs_at}; until then it can be cancelled",
    "cancelled": "was cancelled by {cancelled_by} on {cancelled_at}",
    "erased": "was erased on {erased_at}; receipts are missing",
    "complete": "was erased on {erased_at}, everywhere by {completed_at}",
}
Person = Annotated[str, typer.Argument(help="The employee number or id.", metavar="PERSON")]
Anybody = Annotated[
    str | None, typer.Argument(help="The employee number or id; once erased, the id.", metavar="[PERSON]")
]

privacy = typer.Typer(no_args_is_help=True, help="People's own data: forgetting somebody, and the receipt.")


@privacy.command("erase")
def erase(person: Person, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Asks that a person be forgotten, after the days that the settings give for changing one's mind."""
    with asking(directory) as asked:
        _tell(asked.post(ERASURES, {"person_id": person_id(asked, person)}))


@privacy.command("access")
def access(person: Person, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Prints a signed link on which a person sees all that is kept of them, at the end as one file.

    It opens everything about them: send it to nobody else.
    """
    with asking(directory) as asked:
        print(asked.post("/v1/privacy/access", {"person_id": person_id(asked, person)})["url"])


@privacy.command("cancel")
def cancel(person: Person, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Takes the request back, as long as the person is not erased."""
    with asking(directory) as asked:
        waiting = [one for one in _of(asked, person) if one["state"] != "cancelled"]
        if not waiting:
            raise Trouble(f"Nobody has asked that {person} be erased.")
        _tell(asked.post(f"{ERASURES}/{waiting[-1]['erasure_id']}/cancel", {}))


@privacy.command("status")
def status(person: Anybody = None, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Shows who is to be erased or was, and what was removed where."""
    with asking(directory) as asked:
        known = list(asked.pages(ERASURES)) if person is None else _of(asked, person)
    if not known:
        Console().print("Nobody was erased, and nobody is to be.")
    for one in known:
        _tell(one)


@privacy.command("retention")
def retention_report(directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Shows what is kept for how long, and what went the last time somebody looked."""
    running = found.stack(directory)
    table = Table("service", "what", "kept for", "looked at", "gone then", "gone in all")
    for service in SERVICES:
        for line in asyncio.run(_report(running, service)):
            kept = "–" if line.days is None else f"{line.days} days"
            figures = f"{line.removed:,}", f"{line.removed_in_all:,}"
            table.add_row(service, escape(line.kind), kept, f"{line.ran_at:%Y-%m-%d %H:%M} UTC", *figures)
    Console().print(table)


async def _report(running: found.Found, service: str) -> list[retention.Line]:
    async with found.store(running, service) as conn:
        return await retention.report(conn)


def _of(asked: Asked, person: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = asked.get(ERASURES, person_id=person_id(asked, person), limit=100)["items"]
    return items


def _tell(one: dict[str, Any]) -> None:
    screen = Console()
    days = {name: (value or "")[:10] for name, value in one.items() if name.endswith("_at")}
    said = SAID[one["state"]].format(**{**one, **days})
    screen.print(escape(f"{one['person_id']} {said}. Asked by {one['asked_by']} on {days['asked_at']}."))
    table = Table("service", "when", "removed")
    for receipt in one["receipts"]:
        removed = ", ".join(f"{rows} {table_}" for table_, rows in sorted(receipt["removed"].items()))
        table.add_row(receipt["service"], receipt["given_at"][:16], escape(removed or "nothing"))
    for service in one["missing"]:
        table.add_row(service, "not yet", "")
    if table.row_count:
        screen.print(table)

"""Commands about HR systems: where facts come from, and what opens their doors.

What is secret is printed alone on standard output, once, so that it can be piped to where it is kept.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli import options, people_files, sites
from deploy.cli.matching import asking

PREFIX = "/v1/hris"
DASH = "–"

Source = Annotated[str, typer.Argument(help="The source's name.", metavar="SOURCE")]
Number = Annotated[str, typer.Argument(help="Its id, as the list shows it.", metavar="ID")]
Kind = Annotated[str, typer.Option("--kind", help="scim, webhook, csv, feed or desk.")]
Precedence = Annotated[int, typer.Option("--precedence", help="Of two sources the smaller one wins.")]
Silent = Annotated[
    int | None, typer.Option("--silent-after", help="Report it when silent for so many hours.", metavar="H")
]
Days = Annotated[int | None, typer.Option("--days", help="For how many days it is valid.")]
Overlap = Annotated[int, typer.Option("--overlap", help="Hours for which the old one stays valid.")]
OVERLAP_HOURS = 24


def commands() -> typer.Typer:
    """All commands about HR systems."""
    made = typer.Typer(no_args_is_help=True, help="HR systems: sources, tokens, secrets, files.")
    made.add_typer(source, name="source")
    made.add_typer(openers("token"), name="token")
    made.add_typer(openers("secret"), name="secret")
    made.command("import")(people_files.import_file)
    made.add_typer(people_files.files, name="file")
    made.add_typer(sites.sites, name="sites")
    made.command("test")(check)
    made.command("retry")(retry)
    return made


source = typer.Typer(no_args_is_help=True, help="Where facts about people come from.")


@source.command("create")
def create_source(
    name: Source,
    kind: Kind,
    precedence: Precedence = 100,
    silent_after: Silent = None,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Makes a source; then make a token for it, or a secret for a webhook."""
    body = {"name": name, "kind": kind, "precedence": precedence, "silent_after_hours": silent_after}
    with asking(directory) as asked:
        made = asked.post(f"{PREFIX}/sources", body)
    print(f"{made['name']} is a source of the kind {made['kind']} with precedence {made['precedence']}.")


@source.command("list")
def list_sources(directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Shows all sources, the one that wins first."""
    with asking(directory) as asked:
        found = asked.get(f"{PREFIX}/sources")["items"]
    table = Table("source", "kind", "precedence", "last contact", "last success", "")
    for one in found:
        state = "retired" if one["retired_at"] else "silent" if one["silent"] else ""
        times = _moment(one["last_contact_at"]), _moment(one["last_success_at"])
        table.add_row(one["name"], one["kind"], str(one["precedence"]), *times, state)
    Console().print(table)


@source.command("revoke")
def revoke_source(name: Source, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Closes a source's door for good, with all its tokens and secrets; what it said stays."""
    with asking(directory) as asked:
        asked.post(f"{PREFIX}/sources/{name}/revoke", None)
    print(f"{name} is retired: nothing opens its door any more.")


def check(name: Source, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Tests a source's connection: what works, and what to do about the rest; exit code 1 if not all does."""
    with asking(directory) as asked:
        said = asked.get(f"{PREFIX}/sources/{name}/test")
    for one in said["checks"]:
        print(f"{'ok ' if one['ok'] else 'NOT'}  {one['name']}: {one['detail']}")
    if not said["ok"]:
        raise typer.Exit(1)


def retry(name: Source, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Tries stored facts again that could not be taken over, after the cause was mended."""
    with asking(directory) as asked:
        said = asked.post(f"{PREFIX}/sources/{name}/retry", None)
    print(f"{said['retried']} facts of {name} wait to be taken over.")


def openers(kind: str) -> typer.Typer:
    """The commands of tokens, or of secrets."""
    made = typer.Typer(no_args_is_help=True, help=f"The {kind}s that open a source's door.")

    @made.command("create", help=f"Makes a {kind} and prints it, this once.")
    def create(
        source: Source, days: Days = None, directory: options.Directory = options.DEFAULT_DIRECTORY
    ) -> None:
        with asking(directory) as asked:
            _show_once(asked.post(f"{PREFIX}/sources/{source}/{kind}s", {"days": days}))

    @made.command("list", help=f"Shows the {kind}s of a source, the newest first.")
    def listed(source: Source, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
        with asking(directory) as asked:
            _show_all(kind, asked.get(f"{PREFIX}/sources/{source}/{kind}s")["items"])

    @made.command("rotate", help=f"Makes a new {kind}; the one in use stays valid for the overlap.")
    def rotate(
        source: Source,
        days: Days = None,
        overlap: Overlap = OVERLAP_HOURS,
        directory: options.Directory = options.DEFAULT_DIRECTORY,
    ) -> None:
        body = {"days": days, "overlap_hours": overlap}
        with asking(directory) as asked:
            _show_once(asked.post(f"{PREFIX}/sources/{source}/{kind}s/rotate", body))

    @made.command("revoke", help=f"Ends a {kind} at once.")
    def revoke(number: Number, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
        with asking(directory) as asked:
            ended = asked.post(f"{PREFIX}/{kind}s/{number}/revoke", None)
        print(f"The {kind} {ended['id']} of {ended['source']} opens nothing any more.")

    return made


def _show_once(made: dict[str, Any]) -> None:
    until = f"until {_moment(made['expires_at'])}" if made["expires_at"] else "for good"
    print(
        f"A {made['kind']} of {made['source']} for {made['scope']}, valid {until}. It is shown this once:",
        file=sys.stderr,
    )
    print(made["value"])


def _show_all(kind: str, found: list[dict[str, Any]]) -> None:
    table = Table(kind, "for", "made", "valid until", "")
    for one in found:
        state = "live" if one["live"] else "revoked" if one["revoked_at"] else "ended"
        times = _moment(one["created_at"]), _moment(one["expires_at"])
        table.add_row(one["id"], escape(one["scope"]), *times, state)
    Console().print(table)


def _moment(at: str | None) -> str:
    return at[:16].replace("T", " ") if at else DASH

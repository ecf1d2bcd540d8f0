"""Commands about files of people: sending one, seeing what it would do, deciding about one that is held."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.cli import options
from deploy.cli.matching import Asked, asking
from deploy.local.child import Trouble

LOOK_AGAIN_S = 0.3
IN_WORK = frozenset({"waiting", "applying"})
LISTED = ("id", "source", "file", "sent", "state", "rows", "rejected")
REJECTS_SHOWN = 10
NAMED_SHOWN = 12
KINDS = {
    "hire": "new people",
    "rehire": "people who are back",
    "change": "people of whom something changed",
    "manager": "people with another manager",
    "leave": "leaves",
    "return": "people who are back from leave, or active again",
    "inactive": "people who become inactive",
    "termination": "people who leave",
    "termination-cancelled": "terminations that are cancelled",
}
TALLY = {
    "applied": "applied",
    "waiting": "applied, and hold from a later day",
    "superseded": "outweighed by another source",
    "held": "held for an administrator",
    "unchanged": "say nothing new",
    "repeated": "are in the file twice",
    "leaver": "about people who have left and were never here",
    "rejected": "rejected",
}

File = Annotated[Path, typer.Argument(help="A file of people; see the README of matching.", metavar="FILE")]
FileId = Annotated[UUID, typer.Argument(help="The id that `file list` shows.", metavar="ID")]
Source = Annotated[
    str | None, typer.Option("--source", help="The source it comes from, one of the kind csv; default: csv.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what the file would do.")]
Full = Annotated[
    bool, typer.Option("--full", help="Everybody is in the file: whoever is not becomes inactive.")
]
Encoding = Annotated[str, typer.Option("--encoding", help="utf-8, windows-1252, iso-8859-15, utf-16 …")]
Out = Annotated[Path | None, typer.Option("--out", help="A file for all of them; without: the screen.")]

files = typer.Typer(no_args_is_help=True, help="Files of people that were sent.")


def import_file(
    file: File,
    source: Source = None,
    dry_run: DryRun = False,
    full: Full = False,
    encoding: Encoding = "utf-8",
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Takes over a file of people: the same again changes nothing."""
    content = _content(file)
    chosen = {} if source is None else {"source": source}
    with asking(directory) as asked:
        sent = asked.send(
            "/v1/hris/files",
            content,
            "text/csv",
            name=file.name,
            dry_run=dry_run,
            full=full,
            encoding=encoding,
            **chosen,
        )
        _tell(_followed(asked, sent["file_id"]))


@files.command("list")
def list_files(directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Lists the last files, the newest first."""
    with asking(directory) as asked:
        found = asked.get("/v1/hris/files", limit=50)["items"]
    if not found:
        Console().print("No file of people was sent yet: `mentoring hris import FILE`.")
        return
    table = Table(*LISTED)
    for one in found:
        rows = f"{one['rows_done']} of {one['rows_total']}"
        rejected = str(one["tally"].get("rejected", 0))
        sent = one["created_at"][:16].replace("T", " ")
        cells = (one["file_id"], one["source"], one["name"], sent, one["state"], rows, rejected)
        table.add_row(*map(escape, cells))
    Console().print(table)


@files.command("show")
def show(file_id: FileId, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Shows what a file would do or did."""
    with asking(directory) as asked:
        _tell(asked.get(f"/v1/hris/files/{file_id}"))


@files.command("confirm")
def confirm(file_id: FileId, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Lets a held file do what it would do."""
    with asking(directory) as asked:
        asked.post(f"/v1/hris/files/{file_id}/confirm")
        _tell(_followed(asked, str(file_id)))


@files.command("drop")
def drop(file_id: FileId, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Gives up a held file."""
    with asking(directory) as asked:
        asked.post(f"/v1/hris/files/{file_id}/drop")
    Console().print("The file is dropped; nothing of it was taken over.")


@files.command("rejects")
def rejects(
    file_id: FileId, out: Out = None, directory: options.Directory = options.DEFAULT_DIRECTORY
) -> None:
    """Writes the rows that were not taken over, with line, field and reason, as CSV."""
    with asking(directory) as asked:
        text = asked.text(f"/v1/hris/files/{file_id}/rejects")
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, newline="")
    Console().print(f"{text.count(chr(10)) - 1} lines are in {out}.", soft_wrap=True)


def _content(file: Path) -> bytes:
    """Raises Trouble."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Trouble(f"{file} cannot be read ({error.strerror}): name a file of people.") from error


def _followed(asked: Asked, file_id: str) -> dict[str, Any]:
    """Shows how far a file is until it is done or held."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("looking at it", total=None)
        while True:
            said = asked.get(f"/v1/hris/files/{file_id}")
            if said["state"] not in IN_WORK:
                return said
            applying = said["state"] == "applying"
            total = said["rows_total"] if applying else None
            words = "taking it over" if applying else "looking at it"
            progress.update(task, description=words, completed=said["rows_done"], total=total)
            time.sleep(LOOK_AGAIN_S)


def _tell(said: dict[str, Any]) -> None:
    """What a file would do or did; ends the command with 1 where the guard holds it."""
    screen = Console()
    report = said["report"]
    screen.print(
        f"[bold]{escape(said['name'] or 'A file')}[/] of {said['source']}: {_state(said)}", soft_wrap=True
    )
    if said["state"] == "held" and report is not None:
        _tell_report(screen, report)
    _tell_tally(screen, said)
    _tell_rejects(screen, said)
    if said["state"] == "held":
        confirmed = f"mentoring hris file confirm {said['file_id']}"
        dropped = f"mentoring hris file drop {said['file_id']}"
        screen.print(
            f"Nothing is taken over yet. `{confirmed}` does it, `{dropped}` gives it up.", soft_wrap=True
        )
        if not said["dry_run"]:
            raise typer.Exit(1)


def _state(said: dict[str, Any]) -> str:
    if said["state"] == "held":
        return f"held. {escape(said['report']['holds'])}."
    if said["state"] == "done":
        return f"{said['rows_total']} rows are taken over."
    return str(said["state"])


def _tell_report(screen: Console, report: dict[str, Any]) -> None:
    table = Table("it would say of", "", "for example")
    for kind, many in report["kinds"].items():
        named = report["named"].get(kind, [])
        few = ", ".join(named[:NAMED_SHOWN]) + (" …" if many > NAMED_SHOWN else "")
        table.add_row(KINDS.get(kind, kind), str(many), escape(few))
    screen.print(table)
    ended = ", ".join(report["ended_named"][:NAMED_SHOWN]) + (" …" if report["ended"] > NAMED_SHOWN else "")
    screen.print(
        f"{report['ended']} of {report['people']} people would end or be inactive"
        f" (up to {report['ended_free']} may without a look){': ' if ended else ''}{escape(ended)}."
    )
    if report["missing"] is not None:
        screen.print(f"{report['missing']} people are not in the file.")


def _tell_tally(screen: Console, said: dict[str, Any]) -> None:
    for state, words in TALLY.items():
        many = said["tally"].get(state, 0)
        if many:
            screen.print(f"{many:>8} rows {words}")
    if said["state"] == "done":
        for kind, many in said["kinds"].items():
            screen.print(f"{many:>8} {KINDS.get(kind, kind)}")
    reason = (said["report"] or {}).get("not_reconciled")
    if reason:
        screen.print(f"Who is not in the file was not looked at: {escape(reason)}.", soft_wrap=True)


def _tell_rejects(screen: Console, said: dict[str, Any]) -> None:
    for one in said["rejected"][:REJECTS_SHOWN]:
        where = f"line {one['line']}" if one["line"] else "somebody who is not in the file"
        screen.print(f"  {where}, {one['field']}: {escape(one['reason'])}", soft_wrap=True)
    if len(said["rejected"]) > REJECTS_SHOWN:
        screen.print(f"  … all of them: mentoring hris file rejects {said['file_id']}", soft_wrap=True)

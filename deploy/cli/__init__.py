"""The command `mentoring`: start a company, look at it, look after it."""

from __future__ import annotations

import sys

import typer

from deploy.cli import audit, hris, matching, operating, privacy, replaying, starting
from deploy.local.child import Trouble


def commands() -> typer.Typer:
    """All commands, each a function of the modules beside this one."""
    made = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Mentoring inside a company: four services, one command.",
    )
    made.command("up")(starting.up)
    made.command("demo")(starting.demo)
    made.command("migrate")(operating.migrate)
    made.command("status")(operating.status)
    made.add_typer(operating.parked, name="parked")
    made.command("resume")(operating.resume)
    made.command("reread")(operating.reread)
    made.add_typer(matching.match, name="match")
    made.add_typer(hris.commands(), name="hris")
    made.add_typer(privacy.privacy, name="privacy")
    made.add_typer(audit.audit, name="audit")
    made.command("replay")(replaying.command)
    return made


def app() -> None:
    """The entry point. Trouble the user can mend is one sentence, not a stack trace."""
    try:
        commands()()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(1)

"""Commands about who is paired with whom: why, why not, and what if. They ask the running stack over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli import found, options
from deploy.local.child import Trouble

TIMEOUT_S = 120.0
PAGE = 100
CHANGES_HELP = "A JSON file of changes, - for standard input; see POST /v1/programmes/{id}/what-if."

Programme = Annotated[str, typer.Argument(help="The programme's name or id.", metavar="PROGRAMME")]
Mentee = Annotated[str, typer.Argument(help="The mentee's employee number or id.", metavar="MENTEE")]
Mentor = Annotated[
    str | None, typer.Argument(help="The mentor's; without one: why nobody was found.", metavar="[MENTOR]")
]
Changes = Annotated[str, typer.Argument(help=CHANGES_HELP, metavar="CHANGES")]
Again = Annotated[bool, typer.Option("--again", help="Hold the last round again, instead of the next one.")]

match = typer.Typer(no_args_is_help=True, help="Why people were paired, why not, and what if.")


@dataclass(frozen=True)
class Asked:
    """The interface of matching, as this command asks it."""

    http: httpx.Client

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._said(self.http.get(path, params=query))

    def post(self, path: str, body: object = None, **query: Any) -> dict[str, Any]:
        return self._said(self.http.post(path, json=body, params=query))

    def send(self, path: str, content: bytes, kind: str, **query: Any) -> dict[str, Any]:
        """Sends a file."""
        return self._said(self.http.post(path, content=content, params=query, headers={"content-type": kind}))

    def text(self, path: str) -> str:
        """A file that is asked for."""
        answer = self.http.get(path)
        if not answer.is_success:
            self._said(answer)
        return answer.text

    def put(self, path: str, body: object) -> dict[str, Any]:
        return self._said(self.http.put(path, json=body))

    def delete(self, path: str) -> None:
        answer = self.http.delete(path)
        if not answer.is_success:
            self._said(answer)

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            said = self.get(path, limit=PAGE, **after)
            yield from said["items"]
            if said["next"] is None:
                return
            after = {"after": said["next"]}

    def _said(self, answer: httpx.Response) -> dict[str, Any]:
        """Raises Trouble with what was wrong and where."""
        try:
            said: dict[str, Any] = answer.json()
            if answer.is_success:
                return said
            wrong = "; ".join(f"{one['pointer']}: {one['detail']}" for one in said.get("errors", ()))
            raise Trouble(f"{said['detail'].rstrip('.')}{': ' if wrong else ''}{wrong}.")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Trouble(f"matching answered {answer.status_code} with something unknown.") from error


@match.command("explain")
def explain(
    programme: Programme,
    mentee: Mentee,
    mentor: Mentor = None,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Says why two people were paired by the last round, or why not; or why somebody has nobody."""
    with asking(directory) as asked:
        run = _last_run(asked, _programme(asked, programme))
        mentee_id = person_id(asked, mentee)
        if mentor is None:
            _tell_nobody(asked.get(f"/v1/runs/{run['run_id']}/waiting/{mentee_id}"))
        else:
            path = f"/v1/runs/{run['run_id']}/pairs/{mentee_id}/{person_id(asked, mentor)}"
            _tell_pair(asked.get(path))


@match.command("what-if")
def what_if(
    programme: Programme,
    changes: Changes,
    again: Again = False,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Compares a round with one under changes; proposes and keeps nothing."""
    body = _changes(changes)
    with asking(directory) as asked:
        found_ = _programme(asked, programme)
        if again:
            body["run_id"] = _last_run(asked, found_)["run_id"]
        _tell_difference(asked.post(f"/v1/programmes/{found_['programme_id']}/what-if", body))


@contextmanager
def asking(directory: Path) -> Iterator[Asked]:
    """Raises Trouble where no stack runs in the folder, or matching does not answer."""
    running = found.stack(directory)
    base, token = running.http["matching"][0], running.admin_token
    headers = {"authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=base, headers=headers, timeout=TIMEOUT_S, trust_env=False) as http:
            yield Asked(http)
    except httpx.HTTPError as error:
        reason = type(error).__name__
        raise Trouble(f"matching does not answer at {base} ({reason}): see `mentoring status`.") from error


def _programme(asked: Asked, wanted: str) -> dict[str, Any]:
    known = list(asked.pages("/v1/programmes"))
    for one in known:
        if wanted in (one["programme_id"], one["name"]):
            return one
    names = ", ".join(sorted(one["name"] for one in known)) or "there is none yet"
    raise Trouble(f"There is no programme {wanted}: choose from {names}.")


def person_id(asked: Asked, wanted: str) -> str:
    """The id of an employee. Raises Trouble."""
    if _is_id(wanted):
        return wanted
    found_ = asked.get("/v1/people", employee_number=wanted)["items"]
    if not found_:
        raise Trouble(f"{wanted} is nobody's employee number.")
    return str(found_[0]["person_id"])


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _last_run(asked: Asked, programme: dict[str, Any]) -> dict[str, Any]:
    runs = [
        one
        for one in asked.pages(f"/v1/programmes/{programme['programme_id']}/runs")
        if one["bound"] is not None
    ]
    if not runs:
        raise Trouble(f"{programme['name']} has held no round yet, so there is nothing to explain.")
    return runs[-1]


def _changes(where: str) -> dict[str, Any]:
    """Raises Trouble."""
    try:
        text = sys.stdin.read() if where == "-" else Path(where).read_text()
        said = json.loads(text)
    except OSError as error:
        raise Trouble(f"{where} cannot be read ({error.strerror}): name a JSON file, or - .") from error
    except ValueError as error:
        raise Trouble(f"{where} is no JSON: {error}.") from error
    if not isinstance(said, dict):
        raise Trouble(f'{where} has to hold an object, for example {{"capacities": {{"17": 2}}}}.')
    return said


def _tell_pair(said: dict[str, Any]) -> None:
    screen = Console()
    screen.print(f"[bold]{escape(said['sentence'])}[/] (score {said['score']:.2f})")
    if said["components"]:
        table = Table("component", "mentee", "weight", "mentor", "weight ", "")
        for one in said["components"]:
            mine, theirs = f"{one['mentee_value']:.2f}", f"{one['mentor_value']:.2f}"
            weights = f"{one['mentee_weight']:.3f}", f"{one['mentor_weight']:.3f}"
            table.add_row(
                one["code"], mine, weights[0], theirs, weights[1], "" if one["given"] else "not given"
            )
        screen.print(table)
    for sentence in (*said["reasons"], *said["not_given"]):
        screen.print(f"  {escape(sentence)}")


def _tell_nobody(said: dict[str, Any]) -> None:
    screen = Console()
    for role in said["roles"]:
        screen.print(f"[bold]As a {role['role']}:[/] {escape(role['sentence'])}")
        if role["in_short"]:
            screen.print(escape(role["in_short"]))
        for step in role["steps"]:
            screen.print(f"  {escape(step['sentence'])}")


def _tell_difference(said: dict[str, Any]) -> None:
    screen = Console()
    before, after = said["before"], said["after"]
    screen.print(
        f"[bold]{said['pairs_changed']} mentees would have another mentor or none:[/]"
        f" {said['gaining']} would gain, {said['losing']} would lose, by today's weights."
    )
    table = Table("", "today", "then")
    for name in (
        "mentees",
        "mentors",
        "seats",
        "feasible_pairs",
        "pairs",
        "waiting",
        "score",
        "total",
        "least",
    ):
        table.add_row(name.replace("_", " "), _figure(before[name]), _figure(after[name]))
    screen.print(table)
    moved = Table("mentee", "today", "then", "score")
    for one in said["moved"]:
        names = [escape(one[side] or "nobody") for side in ("mentee", "before", "after")]
        moved.add_row(*names, f"{one['gain']:+.2f}")
    if said["moved"]:
        screen.print(moved)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)

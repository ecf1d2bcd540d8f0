"""The stack that is running, as its `stack.json` describes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from deploy.local.child import Trouble
from deploy.local.databases import SERVICES
from shared.tx import Connection

TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Found:
    """A running stack. `databases` are the owners' addresses, `http` the base URLs of each service.

    `server` is the superuser's address, empty where the database server is not the stack's own.
    """

    kafka: str
    topic_prefix: str
    databases: Mapping[str, str]
    app_roles: Mapping[str, str]
    http: Mapping[str, tuple[str, ...]]
    console: str
    mail_dir: str
    admin_token: str
    pids: Mapping[str, int]
    server: str


def stack(directory: Path) -> Found:
    """Raises Trouble where no stack runs in that folder."""
    file = directory / "stack.json"
    try:
        said = json.loads(file.read_text())
        alive = psutil.pid_exists(int(said["supervisor"]))
        found = Found(
            said["kafka"],
            said["topic_prefix"],
            said["databases"],
            said["app_roles"],
            {service: tuple(urls) for service, urls in said["http"].items()},
            said["console"],
            said["mail_dir"],
            said["tokens"]["admin"],
            said["pids"],
            said["server"],
        )
    except FileNotFoundError as error:
        raise _none(directory) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Trouble(f"{file} cannot be read ({error!r}): stop the stack and start it again.") from error
    if not alive:
        raise _none(directory)
    return found


def _none(directory: Path) -> Trouble:
    return Trouble(
        f"No stack is running in {directory}: start one with `mentoring up`, or name its folder with --dir."
    )


@asynccontextmanager
async def store(found: Found, service: str) -> AsyncIterator[Connection]:
    """A connection to a service's database as its owner. Raises Trouble."""
    if service not in found.databases:
        raise Trouble(f"There is no service {service}: choose from {', '.join(SERVICES)}.")
    try:
        conn = await asyncpg.connect(found.databases[service], timeout=TIMEOUT_S, command_timeout=TIMEOUT_S)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise Trouble(
            f"The database of {service} does not answer ({reason}): see `mentoring status`."
        ) from error
    try:
        yield conn
    finally:
        await conn.close(timeout=TIMEOUT_S)

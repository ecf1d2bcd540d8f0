"""What an operator does with one service from the command line: migrate, parked events, resume, reread."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

import asyncpg

from shared import inbox, migrate, topics
from shared.errors import Refused
from shared.service import Service


def parse(service: str, own: Sequence[str], argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of `python -m services.<service>`."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service until it is told to stop")
    commands.add_parser("migrate", help="bring the store's schema and the topics up to date")
    commands.add_parser("resume", help="let a stopped consumer go on")
    commands.add_parser("reread", help="read all topics again; what was applied is not applied twice")
    parked = commands.add_parser("parked", help="events that could not be applied").add_subparsers(
        dest="action", required=True
    )
    parked.add_parser("list")
    parked.add_parser("show").add_argument("id", type=int)
    parked.add_parser("retry").add_argument("id", type=int, nargs="?", help="all, if it is left out")
    drop = parked.add_parser("drop")
    drop.add_argument("id", type=int)
    drop.add_argument("reason")
    for name in own:
        commands.add_parser(name)
    return parser.parse_args(argv)


async def run(service: Service, arguments: argparse.Namespace) -> int:
    """Carries the command out; returns the exit code."""
    settings = service.settings
    if arguments.command == "migrate":
        role = settings.app_role or f"mentoring_{service.name}"
        owner = settings.owner_dsn.get_secret_value() or settings.dsn.get_secret_value()
        for name in await migrate.migrate(owner, service.folder, role):
            print(f"{service.name}: applied {name}")
        await topics.ensure(settings.kafka, settings.topic_prefix)
        print(f"{service.name}: schema and topics are up to date")
        return 0
    conn = await asyncpg.connect(settings.dsn.get_secret_value(), timeout=5)
    try:
        return await _with_store(conn, arguments)
    except Refused as refused:
        print(refused.detail)
        return 1
    finally:
        await conn.close()


async def _with_store(conn: asyncpg.Connection[asyncpg.Record], arguments: argparse.Namespace) -> int:
    match (arguments.command, getattr(arguments, "action", None)):
        case ("resume", _):
            await inbox.resume(conn)
        case ("reread", _):
            await inbox.request_reread(conn)
        case ("parked", "list"):
            for row in await inbox.list_parked(conn):
                print(json.dumps(row, default=str))
        case ("parked", "show"):
            print(json.dumps(await inbox.show_parked(conn, arguments.id), default=str, indent=2))
        case ("parked", "retry"):
            print(f"{await inbox.retry_parked(conn, arguments.id)} due now")
        case ("parked", "drop"):
            await inbox.drop_parked(conn, arguments.id, arguments.reason)
    return 0

"""What an operator does with one service from the command line: migrate, parked events, resume, reread."""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import Sequence

import asyncpg

from shared import inbox, membership, migrate, parked, topics
from shared.errors import Refused
from shared.service import Service


def parse(service: str, own: Sequence[str], argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of `python -m services.<service>`."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service until it is told to stop")
    commands.add_parser("migrate", help="bring the store's schema and the topics up to date")
    commands.add_parser("resume", help="let a stopped consumer go on")
    dismiss = commands.add_parser("dismiss", help="tell the broker that a process will not come back")
    dismiss.add_argument("replica", type=int, help="its ordinal, MENTORING_REPLICA")
    commands.add_parser("reread", help="read all topics again; what was applied is not applied twice")
    _parse_parked(commands.add_parser("parked", help="events that could not be applied"))
    for name in own:
        commands.add_parser(name)
    return parser.parse_args(argv)


def _parse_parked(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="a JSON line for each, oldest first")
    listing.add_argument("--state", choices=[*parked.MEANINGS], help="only those; default: all that are open")
    actions.add_parser("show", help="one, with what was in it").add_argument("id", type=int)
    actions.add_parser("retry", help="try again now").add_argument(
        "id", type=int, nargs="?", help="all, if it is left out"
    )
    drop = actions.add_parser("drop", help="give one up")
    drop.add_argument("id", type=int)
    drop.add_argument("reason", help="is kept with the event")


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
    if arguments.command == "dismiss":
        print(await membership.dismiss_replica(settings, arguments.replica))
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
            print(resumed_in_words(await parked.resume(conn, by=who_types())))
        case ("reread", _):
            await inbox.request_reread(conn)
        case ("parked", "list"):
            for row in await parked.list_parked(conn, (arguments.state,) if arguments.state else ()):
                print(json.dumps(parked.as_json(row), default=str))
        case ("parked", "show"):
            shown = await parked.show_parked(conn, arguments.id)
            print(json.dumps(parked.as_json(shown), default=str, indent=2, ensure_ascii=False))
        case ("parked", "retry"):
            print(await retried_in_words(conn, await parked.retry_parked(conn, arguments.id)))
        case ("parked", "drop"):
            await parked.drop_parked(conn, arguments.id, arguments.reason, by=who_types())
            print(f"Event {arguments.id} is dropped; what waited behind it goes on.")
    return 0


def who_types() -> str:
    """Whoever is at the keyboard, as it is kept with what they did."""
    try:
        return f"{getpass.getuser()} at the command line"
    except (OSError, KeyError):  # a container's user need not have a name
        return "the command line"


def resumed_in_words(was: parked.Resumed) -> str:
    if was.stopped_at is None:
        return "It was not stopped: it goes on listening."
    since = f"{was.stopped_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"It goes on listening. It was stopped since {since}: {was.stopped_reason}."


async def retried_in_words(conn: asyncpg.Connection[asyncpg.Record], many: int) -> str:
    """What becomes of those that are due now; a stopped consumer tries nothing."""
    said = f"{many} {'event is' if many == 1 else 'events are'} tried again now."
    stopped = (await inbox.consumer_state(conn)).stopped_reason
    return said if stopped is None else f"{many} due now, but the consumer is stopped ({stopped}): resume it."

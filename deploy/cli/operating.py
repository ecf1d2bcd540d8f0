"""Commands for whoever looks after a running stack: status, parked events, resume, reread, migrate."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Annotated, Any, TypeAlias

import httpx
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli import found, options
from deploy.cli.found import Found
from deploy.local import servers, stores
from deploy.local.child import Trouble
from deploy.local.databases import Store
from shared import inbox, operate, topics
from shared import parked as operators
from shared.errors import Refused

STATUS_TIMEOUT_S = 3.0
COLUMNS = ("service", "process", "health", "outbox", "oldest", "lag", "parked")
LISTED = ("id", "topic", "key", "state", "attempts", "next attempt", "waits", "why")
STATES = typer.Option(help="Only those in this state: failed, early, behind, unreadable, dead or dropped.")

Service: TypeAlias = Annotated[str, typer.Argument(help="matching, scheduling, notifications or analytics")]
EventId: TypeAlias = Annotated[int, typer.Argument(help="The number that `parked list` shows.")]

parked = typer.Typer(no_args_is_help=True, help="Events that could not be applied and wait for you.")


def status(directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Shows per service: health, outbox, consumer lag, parked events."""
    running = found.stack(directory)
    table = Table(*COLUMNS, title=f"Stack in {directory}")
    healthy = True
    for row in asyncio.run(_ask_all(running)):
        healthy = healthy and row[2] == "ready"
        table.add_row(*row)
    Console().print(table)
    if not healthy:
        raise typer.Exit(1)


async def _ask_all(running: Found) -> list[tuple[str, ...]]:
    headers = {"authorization": f"Bearer {running.admin_token}"}
    async with httpx.AsyncClient(headers=headers, timeout=STATUS_TIMEOUT_S) as client:
        rows = [
            _ask(client, service, f"{service}-{replica}", url)
            for service, urls in running.http.items()
            for replica, url in enumerate(urls)
        ]
        return list(await asyncio.gather(*rows))


async def _ask(client: httpx.AsyncClient, service: str, process: str, url: str) -> tuple[str, ...]:
    try:
        answer = await client.get(f"{url}/v1/plumbing")
        said: dict[str, Any] = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        return service, process, f"no answer ({type(error).__name__})", "–", "–", "–", "–"
    not_ok = [
        f"{name}: {check['detail'] or 'not ok'}" for name, check in said["ready"].items() if not check["ok"]
    ]
    parked_by_state = ", ".join(f"{many} {state}" for state, many in said["parked"].items())
    return (
        service,
        process,
        "; ".join(not_ok) or "ready",
        str(said["outbox"]["rows"]),
        f"{said['outbox']['oldest_age_s']:.1f} s",
        str(said["consumer"]["lag"]),
        parked_by_state or "0",
    )


@parked.command("list")
def list_parked(
    service: Service,
    state: Annotated[str | None, STATES] = None,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Lists the events a service has put aside, oldest first; dropped ones with their reason."""
    states = _known(state)

    async def ask(running: Found) -> list[operators.Listed]:
        async with found.store(running, service) as conn:
            return await operators.list_parked(conn, states)

    rows = _run(ask(found.stack(directory)))
    if not rows:
        Console().print(f"{service} has nothing {state or 'parked'}.")
        return
    table = Table(*LISTED, title=f"Parked in {service}")
    for row in rows:
        table.add_row(*map(escape, _line(row)))
    Console().print(table)
    if len(rows) == operators.ROWS_MAX:
        Console().print(f"These are the oldest {len(rows)}; there may be more.")


def _known(state: str | None) -> tuple[inbox.State, ...]:
    """The states that are asked for, none for all that are open. Raises Trouble."""
    chosen = tuple(one for one in operators.MEANINGS if one == state)
    if state is not None and not chosen:
        raise Trouble(f"There is no state {state}: choose from {', '.join(operators.MEANINGS)}.")
    return chosen


def _line(row: operators.Listed) -> tuple[str, ...]:
    due = f"{row.next_attempt_at:%d %b %H:%M:%S} UTC" if row.next_attempt_at else "–"
    waits = f"behind {row.head}" if row.head else f"{row.waiting} behind it" if row.waiting else "–"
    why = f"{row.closed_reason} ({row.closed_by or 'nobody known'})" if row.state == "dropped" else row.error
    return str(row.id), row.topic, row.key, row.state, str(row.attempts), due, waits, why


@parked.command("show")
def show(service: Service, event: EventId, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Shows one parked event as JSON: its headers, what was in it, and what waits behind it."""

    async def look(running: Found) -> operators.Shown:
        async with found.store(running, service) as conn:
            return await operators.show_parked(conn, event)

    said = operators.as_json(_run(look(found.stack(directory))))
    Console().print_json(json.dumps(said, default=str))


@parked.command("retry")
def retry(
    service: Service,
    event: Annotated[
        int | None, typer.Argument(help="One event; without it all that failed or died.")
    ] = None,
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Tries parked events again now; what waits behind one goes on after it, in order."""

    async def again(running: Found) -> str:
        async with found.store(running, service) as conn:
            return await operate.retried_in_words(conn, await operators.retry_parked(conn, event))

    Console().print(_run(again(found.stack(directory))))


@parked.command("drop")
def drop(
    service: Service,
    event: EventId,
    reason: Annotated[str, typer.Argument(help="Kept with the event and your name.")],
    directory: options.Directory = options.DEFAULT_DIRECTORY,
) -> None:
    """Gives one parked event up for good, so that those behind it go on."""

    async def give_up(running: Found) -> None:
        async with found.store(running, service) as conn:
            await operators.drop_parked(conn, event, reason, by=operate.who_types())

    _run(give_up(found.stack(directory)))
    Console().print(f"Event {event} of {service} is dropped; what waited behind it goes on.")


def resume(service: Service, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Lets a consumer go on that the breaker has stopped."""

    async def go_on(running: Found) -> operators.Resumed:
        async with found.store(running, service) as conn:
            return await operators.resume(conn, by=operate.who_types())

    Console().print(f"{service}: {operate.resumed_in_words(_run(go_on(found.stack(directory))))}")


def reread(service: Service, directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Makes a service read all its topics again; what it has applied is not applied twice."""

    async def again(running: Found) -> None:
        async with found.store(running, service) as conn:
            await inbox.request_reread(conn)

    _run(again(found.stack(directory)))
    Console().print(f"{service} reads its topics again from the beginning.")


def migrate(directory: options.Directory = options.DEFAULT_DIRECTORY) -> None:
    """Brings all databases and topics up to date: of the running stack, or those given in the environment."""
    address, prefix, where = _run(_targets(directory))
    for service, names in _run(stores.migrate_all(where)).items():
        _report(service, "applied", names)
    _report("topics", "made", _run(topics.ensure(address, prefix)))


def _report(what: str, done: str, names: list[str]) -> None:
    Console().print(f"{what}: {done} {', '.join(names)}" if names else f"{what}: up to date")


async def _targets(directory: options.Directory) -> tuple[str, str, dict[str, Store]]:
    dsns, kafka = servers.given_databases(os.environ), servers.given_kafka(os.environ)
    if dsns and kafka:
        return kafka, os.environ.get("MENTORING_TOPIC_PREFIX", ""), await stores.given(dsns, os.environ)
    if dsns or kafka:
        raise Trouble("Give both, KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL_<SERVICE>, or neither of them.")
    running = found.stack(directory)
    there = {
        service: Store(service, "", dsn, running.app_roles[service])
        for service, dsn in running.databases.items()
    }
    return running.kafka, running.topic_prefix, there


def _run(work: Any) -> Any:
    """Runs it to its end; what the operator can mend is said in one sentence."""
    try:
        return asyncio.run(work)
    except Refused as error:
        raise Trouble(f"{error.detail}: see `mentoring parked list`.") from error
    except (topics.TopicMismatch, KafkaError) as error:
        raise Trouble(f"The topics cannot be made ready: {error}.") from error

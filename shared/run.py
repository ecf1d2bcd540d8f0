"""Brings a service to life: `python -m services.<name> serve | migrate | parked … | resume | reread`.

One process serves HTTP, carries its outbox, listens, and runs its jobs. SIGTERM drains: what is in hand is
finished, nothing new is begun. A task that dies ends the process, so that a supervisor can start a new one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import gc
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg
import uvicorn
from aiokafka.errors import KafkaError
from fastapi import FastAPI
from pydantic import ValidationError

from shared import apply, consumer, crash, housekeeping, jobs, log, migrate, operate, relay, topics
from shared.api import context
from shared.clock import Clock, SteppedClock, WallClock
from shared.progress import Progress
from shared.service import Service
from shared.settings import Settings
from shared.tx import Bell, Connection, Door, Pool

S = TypeVar("S", bound=Settings)
Command: TypeAlias = Callable[[Service], Coroutine[Any, Any, int]]

DATABASE_WAIT_S = 60.0
HTTP_DRAIN_S = 3
ABANDON_AFTER_S = 1.5


class CannotStart(Exception):
    """A sentence for the person who started the process: what is wrong and what to do."""


class Http(uvicorn.Server):
    """uvicorn without its own signal handlers: the process has one place that knows when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(
    settings: type[S],
    build: Callable[[S], Service],
    *,
    commands: Mapping[str, Command] | None = None,
    argv: Sequence[str] | None = None,
) -> None:
    """The command line of a service; ends the process with its exit code. `commands` are its own."""
    own = dict(commands or {})
    arguments = operate.parse(settings.service, sorted(own), argv)
    try:
        service = build(settings())
        log.configure(service.name, replica=service.settings.replica, level=service.settings.log_level)
        code = asyncio.run(_dispatch(service, arguments, own))
    except ValidationError as error:
        missing = "; ".join(f"MENTORING_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        code = _complain(f"the settings are incomplete. {missing}")
    except (CannotStart, migrate.Drift, migrate.MigrationFailed, topics.TopicMismatch) as error:
        code = _complain(str(error))
    except KafkaError as error:
        code = _complain(f"the broker could not be reached: {error!r}. Check MENTORING_KAFKA.")
    except (OSError, asyncpg.PostgresError) as error:
        code = _complain(f"the database could not be reached: {error}. Check MENTORING_DSN.")
    sys.exit(code)


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


async def _dispatch(service: Service, arguments: argparse.Namespace, own: Mapping[str, Command]) -> int:
    if arguments.command == "serve":
        return await serve(service)
    if arguments.command in own:
        return await own[arguments.command](service)
    return await operate.run(service, arguments)


async def serve(service: Service) -> int:
    """Runs until SIGTERM or SIGINT, or until a task dies. Returns the exit code."""
    settings = service.settings
    crash.arm(settings)
    clock = clock_of(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with open_pool(settings, stopping) as pool:
        if stopping.is_set():
            return 0
        await _refuse_old_schema(service, pool)
        door = Door(service.name, pool, clock, Bell(), settings.topic_prefix)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        return await _run_all(service, door, stopping)


def clock_of(settings: Settings) -> Clock:
    """The clock the settings ask for. A stepped one is for an embedded stack on loopback only."""
    if settings.clock == "wall":
        return WallClock()
    if settings.stack_dir is None or not ipaddress.ip_address(settings.http_host).is_loopback:
        raise CannotStart(
            "MENTORING_CLOCK=stepped is for an embedded stack on loopback addresses only: "
            "unset it, or give MENTORING_STACK_DIR and a loopback MENTORING_HTTP_HOST."
        )
    return SteppedClock()


@contextlib.asynccontextmanager
async def open_pool(settings: Settings, stopping: asyncio.Event | None = None) -> AsyncIterator[Pool]:
    """A pool on the service's own store; waits a minute for a server that is still starting."""
    deadline = asyncio.get_running_loop().time() + DATABASE_WAIT_S
    while True:
        try:
            pool = await asyncpg.create_pool(
                settings.dsn.get_secret_value(),
                min_size=1,
                max_size=settings.pool_size_max,
                timeout=5,
                command_timeout=settings.statement_timeout_s,
            )
            break
        except (OSError, asyncpg.CannotConnectNowError, TimeoutError) as error:
            stopped = stopping is not None and stopping.is_set()
            if stopped or asyncio.get_running_loop().time() > deadline:
                raise CannotStart(
                    f"the database could not be reached: {error}. Check MENTORING_DSN."
                ) from error
            await asyncio.sleep(0.5)
    try:
        yield pool
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), 2)
        pool.terminate()


async def _refuse_old_schema(service: Service, pool: Pool) -> None:
    async with pool.acquire() as conn:
        if not await migrate.at_head(cast(Connection, conn), service.folder):
            raise CannotStart(
                f"the schema of {service.name} is older than its code: "
                f"run `python -m services.{service.name} migrate` first."
            )


async def _run_all(service: Service, door: Door, stopping: asyncio.Event) -> int:
    progress = Progress()
    listening = _listen(service.settings)
    tasks = _tasks(service, door, progress, stopping)
    answering = _answer(partial(_http, service, door, progress), listening, stopping)
    tasks.append(asyncio.create_task(answering, name="http"))
    stop = asyncio.create_task(stopping.wait(), name="stop")
    log.info("serve", service=service.name, outcome="started", port=service.settings.http_port)
    done, _ = await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
    dead = [task for task in done if task is not stop]
    for task in dead:
        error = task.exception()
        log.error("task", task=task.get_name(), outcome="died", error=repr(error), exc_info=error)
    stopping.set()
    await _drain(tasks, service.settings.drain_timeout_s)
    log.info("serve", service=service.name, outcome="stopped")
    return 1 if dead else 0


async def _answer(build: Callable[[], Http], listening: socket.socket, stopping: asyncio.Event) -> None:
    """Answers until `stopping` is set. The application is built beside the loops: while a process starts, its
    partitions wait for its consumer and for nothing else."""
    http = await asyncio.to_thread(build)
    serving = asyncio.create_task(http.serve([listening]))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    http.should_exit = True
    await serving


def _http(service: Service, door: Door, progress: Progress) -> Http:
    dues = (*(job.due for job in service.jobs), *service.dues)
    app = service.http(door)
    _make_routes(app)
    context.attach(app, progress=progress, next_due=partial(jobs.next_due, dues=dues), busy=service.busy)
    return Http(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=HTTP_DRAIN_S,
        )
    )


def _make_routes(app: FastAPI) -> None:
    """The framework makes a router's routes when somebody first asks for one, and all others wait meanwhile.
    So they are asked for here, beside the loops."""
    nowhere = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": [], "app": app}
    for route in app.routes:
        route.matches(dict(nowhere))


def _listen(settings: Settings) -> socket.socket:
    """Connections inherit TCP_NODELAY; without it the body of an answer waits 40 ms for its headers' ACK, and
    asyncio sets it by itself only on listeners that it made."""
    try:
        listener = socket.create_server((settings.http_host, settings.http_port), backlog=2048)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise CannotStart(
            f"port {settings.http_port} is in use: stop what listens there, or set MENTORING_HTTP_PORT."
        ) from error


def _tasks(
    service: Service, door: Door, progress: Progress, stopping: asyncio.Event
) -> list[asyncio.Task[None]]:
    settings = service.settings
    ears = apply.Ears.of(service.name, service.consumers, service.heard, feeds=service.feeds)
    named: dict[str, Coroutine[Any, Any, None]] = {
        "relay": relay.run(settings, door.bell, progress, stopping),
        "housekeeping": housekeeping.run(door, stopping),
    }
    if ears.kinds:
        named["consumer"] = consumer.run(door, ears, settings, progress, stopping=stopping)
    if service.jobs:
        named["jobs"] = jobs.run(door, service.jobs, stopping=stopping)
    for loop in service.loops:
        named[getattr(loop, "__name__", "loop")] = _loop(loop(door), stopping)
    return [asyncio.create_task(work, name=name) for name, work in named.items()]


async def _loop(work: Awaitable[None], stopping: asyncio.Event) -> None:
    """A service's own loop knows no `stopping`: it is cancelled when the process ends."""
    task = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        if not task.done():
            task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _drain(tasks: Sequence[asyncio.Task[None]], timeout_s: float) -> None:
    """Lets the tasks finish what they have in hand; what takes longer is cancelled, then abandoned."""
    watchdog = threading.Timer(timeout_s + ABANDON_AFTER_S, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()
    _, late = await asyncio.wait(tasks, timeout=timeout_s)
    for task in late:
        log.warning("task", task=task.get_name(), outcome="cancelled")
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=ABANDON_AFTER_S / 2)

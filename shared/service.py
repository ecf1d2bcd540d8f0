"""What a service is made of. `service.py` of each service fills this in; `shared.run` brings it to life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from fastapi import FastAPI

from shared.events import Event
from shared.inbox import Heard, Record
from shared.settings import Settings
from shared.tx import Connection, Door, Tx

OneByOne: TypeAlias = Callable[[Any, Tx], Awaitable[None]]
Due: TypeAlias = Callable[[Connection], Awaitable[datetime | None]]
Listener: TypeAlias = Callable[[Sequence[Heard], Tx], Awaitable[None]]
Loop: TypeAlias = Callable[[Door], Awaitable[None]]


@dataclass(frozen=True)
class InBatches:
    """A handler that takes the events of one topic together: `async def on_x(events: Sequence[X], tx)`."""

    handle: Callable[[Sequence[Any], Tx], Awaitable[None]]


Handler: TypeAlias = OneByOne | InBatches


@dataclass(frozen=True)
class Feed:
    """A topic on which others speak to us, heard like our own events and handled as events of `kind`.

    `read` makes an event of a record; it raises `envelope.Malformed` or a ValidationError, and
    may give the record another key: behind a record that fails waits what has the same key.
    """

    topic: str
    kind: type[Event]
    read: Callable[[Record], Heard]
    handle: Handler


@dataclass(frozen=True)
class Card:
    """A table that a service keeps from a compacted topic alone: it can be rebuilt from there at any time.

    `but` are columns that are not of the topic, or not of the newest record of a key.
    """

    event: type[Event]
    table: str
    key: tuple[str, ...]
    but: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """Work of the clock. `due` tells the business time of the earliest row that needs it, None without one.

    `every_s` is only a wall-clock fallback: how often `due` is asked when nothing woke the loop.
    `run` does a bounded amount of work; it is called again while `due` is not later than now.
    """

    name: str
    every_s: float
    run: Callable[[Tx], Awaitable[None]]
    due: Due


def every(seconds: float, run: Callable[[Tx], Awaitable[None]], due: Due) -> Job:
    return Job(getattr(run, "__name__", "job"), seconds, run, due)


@dataclass(frozen=True)
class Service:
    """The parts of one service, wired.

    `heard` is told of every batch of events, envelopes included, after its handlers and in their transaction.
    `http(door)` builds the FastAPI application with `shared.api.application`. `loops` are the service's own
    tasks outside transactions (the delivery of mails); they end by being cancelled. `dues` tells when such a
    loop will next have work, `busy` counts what it has in hand (leased deliveries): a stepped clock waits
    for both.
    """

    name: str
    settings: Settings
    folder: Path
    http: Callable[[Door], FastAPI]
    consumers: Mapping[type[Event], Handler] = field(default_factory=dict)
    feeds: tuple[Feed, ...] = ()
    heard: Listener | None = None
    jobs: tuple[Job, ...] = ()
    loops: tuple[Loop, ...] = ()
    dues: tuple[Due, ...] = ()
    busy: Callable[[Connection], Awaitable[int]] | None = None

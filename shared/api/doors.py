"""The two ways a route gets at the store: to write and say, or only to read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from shared import auth
from shared import tx as transactions
from shared.api import context, idempotency
from shared.errors import Transient
from shared.tx import Connection, Tx


async def in_tx(request: Request) -> AsyncIterator[Tx]:
    """The transaction of one request; ends after the route's function and before the response is sent.

    Raises Transient as long as nobody has told the time: what would be written then happened in 1970.
    """
    auth.admit(request)
    async with opened(request) as tx:
        if context.of(request).names_actors:
            await tx.act_as(auth.actor(request))
        await idempotency.begin(request, tx)
        yield tx


@asynccontextmanager
async def opened(request: Request) -> AsyncIterator[Tx]:
    """The same for a door with a guard of its own, which has let the caller in already."""
    here = context.of(request)
    if not here.door.clock.told:
        raise Transient("the time has not been told yet")
    here.progress.open_tx += 1
    try:
        async with transactions.transaction(here.door) as tx:
            yield tx
    finally:
        here.progress.open_tx -= 1


@dataclass(frozen=True)
class Read:
    """One snapshot of the store. `now` is business time."""

    conn: Connection
    now: datetime


async def reading(request: Request) -> AsyncIterator[Read]:
    """A read-only snapshot; nothing can be written or said through it."""
    auth.admit(request)
    door = context.of(request).door
    async with transactions.snapshot(door) as conn:
        yield Read(conn, door.clock.now())


InTx = Annotated[Tx, Depends(in_tx, scope="function")]
Reading = Annotated[Read, Depends(reading, scope="function")]

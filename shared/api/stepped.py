"""For stacks whose time is told: setting it, and asking whether the service has nothing left to do at it."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel

from shared.api import context
from shared.api.doors import Reading
from shared.api.models import Body
from shared.auth import requires
from shared.clock import SteppedClock
from shared.errors import Refused
from shared.tx import Connection

EARLY_ATTEMPTS_MAX = 2


class BackInTime(Refused):
    status = 409
    code = "back-in-time"


class Time(Body):
    now: AwareDatetime


class Quiet(BaseModel):
    """Whether work is left at this time. `sent` and `done` as in `shared.progress.Progress`.

    `busy` counts open transactions, work a loop has in hand, and events that came early and are about to be
    tried again, soon by the clock or at once by the consumer. Read in the order in which work moves on, so
    that nothing in motion is overlooked.
    """

    busy: int
    outbox: int
    sent: dict[str, int]
    done: dict[str, int]
    next_due: datetime | None
    now: datetime | None


async def put_clock(request: Request, body: Time) -> Time:
    """Told once, the time is known here; told again, it is known everywhere, and jobs may run."""
    door = context.of(request).door
    assert isinstance(door.clock, SteppedClock)
    known = door.clock.now() == body.now
    try:
        door.clock.set(body.now)
    except ValueError as error:
        raise BackInTime(str(error)) from error
    if known:
        door.bell.ring()
    return Time(now=door.clock.now())


async def get_quiet(request: Request, tx: Reading) -> Quiet:
    """Work moves from `done`'s gap or an open transaction to rows, to `sent`: asked in this order.

    The snapshot begins with its first statement, which comes after `done`, `open_tx` and `aside` are read.
    """
    here = context.of(request)
    done = dict(here.progress.done)
    open_tx, aside = here.progress.open_tx, here.progress.aside
    outbox = await tx.conn.fetchval("SELECT count(*) FROM outbox")
    busy = await _early(tx.conn, all_of_them=aside > 0) + (await here.busy(tx.conn) if here.busy else 0)
    next_due = await here.next_due(tx.conn) if here.next_due else None
    return Quiet(
        busy=busy + max(open_tx, here.progress.open_tx),
        outbox=outbox,
        sent=dict(here.progress.sent),
        done=done,
        next_due=next_due,
        now=tx.now if tx.now.timestamp() > 0 else None,
    )


async def _early(conn: Connection, *, all_of_them: bool) -> int:
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM parked WHERE (state = 'early' AND attempts <= $1)"
            " OR (state IN ('early', 'behind') AND $2)",
            EARLY_ATTEMPTS_MAX,
            all_of_them,
        )
    )


def router() -> APIRouter:
    made = APIRouter(tags=["clock"], dependencies=[Depends(requires("clock"))])
    made.put("/clock")(put_clock)
    made.get("/quiet")(get_quiet)
    return made

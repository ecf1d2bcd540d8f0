"""What operators and their machines ask: alive, ready, measured, and what waits where. Never asks a peer."""

from __future__ import annotations

import asyncio
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from shared import metrics, migrate, tx
from shared.api import context
from shared.api.doors import Reading
from shared.auth import requires
from shared.tx import Connection

CHECK_TIMEOUT_S = 2.0


class Check(BaseModel):
    ok: bool
    detail: str = ""


class Outbox(BaseModel):
    rows: int
    oldest_age_s: float


class Consumer(BaseModel):
    lag: int
    stopped_at: datetime | None
    stopped_reason: str | None


class Plumbing(BaseModel):
    """What waits in this service; `parked` counts set-aside events by state."""

    service: str
    ready: dict[str, Check]
    outbox: Outbox
    consumer: Consumer
    parked: dict[str, int]


async def livez() -> dict[str, str]:
    return {"status": "alive"}


async def readyz(request: Request) -> JSONResponse:
    checks = await _checks(context.of(request))
    ready = all(check.ok for check in checks.values())
    body = {"ready": ready, "checks": {name: check.model_dump() for name, check in checks.items()}}
    return JSONResponse(body, 200 if ready else 503)


async def exposition(request: Request) -> Response:
    here = context.of(request)
    here.metrics.consumer_lag.set(here.progress.lag)
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S), here.door.pool.acquire(timeout=CHECK_TIMEOUT_S) as conn:
            outbox, parked = await _outbox(conn), await _parked(conn)  # type: ignore[arg-type]
            if here.measure is not None:
                await here.measure(conn)  # type: ignore[arg-type]
    except tx.AWAY:
        here.metrics.store_up.set(0)
    else:
        here.metrics.store_up.set(1)
        here.metrics.outbox_rows.set(outbox.rows)
        here.metrics.outbox_age_seconds.set(outbox.oldest_age_s)
        for state in metrics.PARKED_STATES:
            here.metrics.parked.labels(state).set(parked.get(state, 0))
    return Response(here.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


async def plumbing(request: Request, store: Reading) -> Plumbing:
    here = context.of(request)
    return Plumbing(
        service=here.door.service,
        ready=await _checks(here),
        outbox=await _outbox(store.conn),
        consumer=await _consumer(store.conn, here.progress.lag),
        parked=await _parked(store.conn),
    )


async def _checks(here: context.Context) -> dict[str, Check]:
    """Each check by name. Nothing is remembered: what was away and is back is green again."""
    checks = {"broker": Check(ok=here.progress.broker_ok, detail="" if here.progress.broker_ok else "away")}
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S), here.door.pool.acquire(timeout=CHECK_TIMEOUT_S) as conn:
            pending = await migrate.pending(conn, here.folder)  # type: ignore[arg-type]
            stopped = await _stopped_reason(conn)  # type: ignore[arg-type]
    except tx.AWAY as error:
        return {"database": Check(ok=False, detail=type(error).__name__), **checks}
    return {
        "database": Check(ok=True),
        **checks,
        "schema": Check(ok=not pending, detail=f"not applied: {', '.join(pending)}" if pending else ""),
        "consumer": Check(ok=stopped is None, detail=stopped or ""),
    }


async def _stopped_reason(conn: Connection) -> str | None:
    reason: str | None = await conn.fetchval(
        "SELECT coalesce(stopped_reason, 'stopped') FROM consumer_state WHERE stopped_at IS NOT NULL"
    )
    return reason


async def _consumer(conn: Connection, lag: int) -> Consumer:
    row = await conn.fetchrow(
        "SELECT stopped_at, CASE WHEN stopped_at IS NOT NULL"
        " THEN coalesce(stopped_reason, 'stopped') END AS why FROM consumer_state"
    )
    assert row is not None
    return Consumer(lag=lag, stopped_at=row["stopped_at"], stopped_reason=row["why"])


async def _outbox(conn: Connection) -> Outbox:
    row = await conn.fetchrow(
        "SELECT count(*) AS rows,"
        " coalesce(extract(epoch FROM clock_timestamp() - min(committed_at)), 0)::float8 AS age FROM outbox"
    )
    assert row is not None
    return Outbox(rows=row["rows"], oldest_age_s=max(0.0, row["age"]))


async def _parked(conn: Connection) -> dict[str, int]:
    rows = await conn.fetch(
        "SELECT state, count(*) AS many FROM parked WHERE state <> 'dropped' GROUP BY state ORDER BY state"
    )
    return {row["state"]: row["many"] for row in rows}


def router() -> APIRouter:
    made = APIRouter(tags=["plumbing"])
    made.get("/livez")(livez)
    made.get("/readyz", response_class=JSONResponse)(readyz)
    made.get("/metrics", response_class=Response)(exposition)
    made.get("/v1/plumbing", dependencies=[Depends(requires("operate"))])(plumbing)
    return made

"""The pages Programmes and Programme: what there is, its rounds, and who waits."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.matching import store
from services.matching.desk.house import House, as_id, newest_runs

RUNS_SHOWN = 20
WAITING_SHOWN = 100


async def overview(house: House, request: Request) -> Response:
    async with house.reading() as conn:
        found = await store.desk.programmes(conn)
    return house.page("programmes.html", programmes=found)


async def programme(house: House, request: Request) -> Response:
    async with house.reading() as conn:
        found = await store.programmes.get(conn, as_id(request, "programme_id"))
        runs = await newest_runs(conn, found.id, RUNS_SHOWN)
        waiting = await store.runs.waiting(conn, found.id, after=None, limit=WAITING_SHOWN + 1)
    return house.page(
        "programme.html",
        programme=found,
        runs=runs,
        waiting=waiting[:WAITING_SHOWN],
        more=len(waiting) > WAITING_SHOWN,
    )

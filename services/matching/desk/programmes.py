"""The pages Programmes, Programme and Readiness: what there is, its rounds, who waits, what is missing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.matching import store
from services.matching.api import readiness
from services.matching.desk import deciding
from services.matching.desk.house import House, as_id, newest_runs
from shared import api
from shared.events import ProgrammeId
from shared.tx import snapshot

RUNS_SHOWN = 20
WAITING_SHOWN = 100


async def overview(house: House, request: Request) -> Response:
    async with snapshot(house.door) as conn:
        found = await store.desk.programmes(conn)
    return house.page("programmes.html", programmes=found)


async def programme(house: House, request: Request) -> Response:
    async with snapshot(house.door) as conn:
        found = await store.programmes.get(conn, as_id(request, "programme_id"))
        runs = await newest_runs(conn, found.id, RUNS_SHOWN)
        waiting = await store.runs.waiting(conn, found.id, after=None, limit=WAITING_SHOWN + 1)
    return house.page(
        "programme.html",
        programme=found,
        runs=runs,
        waiting=waiting[:WAITING_SHOWN],
        more=len(waiting) > WAITING_SHOWN,
        holds=found.state == "open" and deciding.may_decide(request),
    )


async def ready(house: House, request: Request) -> Response:
    """Before a round: who is not ready, whom the rules leave nobody, and how many pairs each rule takes."""
    async with snapshot(house.door) as conn:
        found = await store.programmes.get(conn, as_id(request, "programme_id"))
        read = api.Read(conn, house.door.clock.now())
        told = await readiness.get_readiness(ProgrammeId(found.id), read, house.kept)
        people = await store.people.by_ids(conn, [one.person_id for one in told.nobody])
    return house.page(
        "readiness.html",
        programme=found,
        told=told,
        names={one.id: one.name for one in people},
        most=max((one.pairs for one in told.figures.excluded), default=0) or 1,
        shown=WAITING_SHOWN,
    )

"""The pages of a pair (why, or why not) and of somebody who waits (why nobody, and what would help)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.matching import commands, core, engine, store
from services.matching.desk import pictures
from services.matching.desk.house import House, as_id, link, mentors
from shared.tx import snapshot


async def pair(house: House, request: Request) -> Response:
    run_id, mentee_id = as_id(request, "run_id"), as_id(request, "mentee_id")
    other = request.query_params.get("mentor")
    if other:
        return RedirectResponse(link(f"runs/{run_id}/pairs/{mentee_id}/{other}"), 303)
    mentor_id = as_id(request, "mentor_id")
    async with snapshot(house.door) as conn:
        run = await store.runs.get(conn, run_id)
        found = await commands.explaining.why_not(
            conn, house.kept, run, mentee_id=mentee_id, mentor_id=mentor_id
        )
        mentee, mentor = await store.people.get(conn, mentee_id), await store.people.get(conn, mentor_id)
        others = await mentors(conn, run.programme_id)
        programme = await store.programmes.get(conn, run.programme_id)
    return house.page(
        "pair.html",
        run=run,
        programme=programme,
        mentee=mentee,
        mentor=mentor,
        found=found,
        score=found.weight / engine.WEIGHT_OF_ONE,
        told=core.pool.why(found.reasons),
        parts=pictures.parts(found.components),
        others=[(str(one.id), f"{one.name}, {one.card.employee_number}") for one in others],
    )


async def nobody(house: House, request: Request) -> Response:
    async with snapshot(house.door) as conn:
        run = await store.runs.get(conn, as_id(request, "run_id"))
        person = await store.people.get(conn, as_id(request, "person_id"))
        roles = await commands.explaining.why_nobody(conn, house.kept, run, person.id)
        programme = await store.programmes.get(conn, run.programme_id)
        others = await mentors(conn, run.programme_id)
    most = max((step.people for one in roles if one.ladder for step in one.ladder.steps), default=1)
    return house.page(
        "waiting.html",
        run=run,
        programme=programme,
        person=person,
        roles=roles,
        most=most,
        others=[(str(one.id), f"{one.name}, {one.card.employee_number}") for one in others],
    )

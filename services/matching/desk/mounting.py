"""Brings the desk into the application: its pages, and the guard around them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.matching.desk import (
    by_hand,
    deciding,
    explained,
    facts,
    incoming,
    programmes,
    runs,
    timeline,
    whatif,
)
from services.matching.desk.house import PATH, House, environment
from services.matching.settings import Settings
from shared import auth
from shared.errors import Refused, Transient
from shared.guard import Entrance, Guard, Sessions
from shared.tx import Door

__all__ = ["PATH", "mount"]

ENTRANCE = Entrance(cookie="mentoring_desk", scope="matches:read", closed="desk/closed.html")

READ = ("GET",)
Page = Callable[[House, Request], Awaitable[Response]]
PAGES: tuple[tuple[str, Page, tuple[str, ...]], ...] = (
    ("/", programmes.overview, READ),
    ("/programmes/{programme_id}", programmes.programme, READ),
    ("/programmes/{programme_id}/readiness", programmes.ready, READ),
    ("/programmes/{programme_id}/what-if", whatif.show, READ),
    ("/runs/{run_id}", runs.show, READ),
    ("/runs/{run_id}/pairs/{mentee_id}/{mentor_id}", explained.pair, READ),
    ("/runs/{run_id}/decide", deciding.decide, ("GET", "POST")),
    ("/programmes/{programme_id}/hold", deciding.hold, ("POST",)),
    ("/runs/{run_id}/cancel", deciding.cancel, ("POST",)),
    ("/runs/{run_id}/publish", deciding.publish, ("POST",)),
    ("/runs/{run_id}/waiting/{person_id}", explained.nobody, READ),
    ("/people", incoming.overview, READ),
    ("/people/add", by_hand.add, ("GET", "POST")),
    ("/people/holds/{hold_id}", incoming.decide, ("POST",)),
    ("/people/facts/{fact_id}", facts.show, ("GET", "POST")),
    ("/people/{person_id}", timeline.show, READ),
    ("/people/{person_id}/change", by_hand.change, ("GET", "POST")),
    ("/people/{person_id}/presence", by_hand.presence, ("POST",)),
    ("/people/{person_id}/left", by_hand.left, ("POST",)),
)


def mount(app: FastAPI, door: Door, settings: Settings) -> None:
    """Adds the desk at /desk, for holders of a token that reads matches."""
    house = House(door, environment(), app.state.projections)
    pages = [Route(path, partial(page, house), methods=list(methods)) for path, page, methods in PAGES]
    desk = Starlette(
        routes=pages,
        exception_handlers={
            Refused: partial(_refused, house),
            HTTPException: partial(_missing, house),
            Transient: partial(_busy, house),
        },
    )
    keys: auth.Keys = app.state.keys
    app.mount(PATH, Guard(desk, Sessions(ENTRANCE, keys, settings.desk_session_hours), house.env))


async def _refused(house: House, request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return house.page("problem.html", error.status, detail=error.detail)


async def _missing(house: House, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = "There is no such page. Please go back to the list of programmes."
    return house.page("problem.html", error.status_code, detail=detail)


async def _busy(house: House, request: Request, error: Exception) -> Response:
    return house.page(
        "problem.html", 503, detail="The store does not answer at the moment. Please try again."
    )

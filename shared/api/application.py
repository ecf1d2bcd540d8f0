"""The factory of a service's HTTP application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

from fastapi import APIRouter, FastAPI

from shared import auth, look, metrics
from shared.api import edge, health, parked, problems, stepped
from shared.api.context import Busy, Context, Measure, NextDue
from shared.progress import Progress
from shared.settings import Settings
from shared.tx import Connection, Door, lent

HasAccess: TypeAlias = Callable[[Connection, UUID], Awaitable[bool]]

SERVICES = Path(__file__).parents[2] / "services"


def application(
    door: Door,
    settings: Settings,
    *routers: APIRouter,
    title: str,
    progress: Progress | None = None,
    meters: metrics.Metrics | None = None,
    next_due: NextDue | None = None,
    busy: Busy | None = None,
    parts: edge.Parts | None = None,
    has_access: HasAccess | None = None,
    measure: Measure | None = None,
    names_actors: bool = False,
) -> FastAPI:
    """A service's routes with everything around them that is the same in every service.

    `progress` is filled by the loops of the process; `next_due` and `busy` answer /quiet. `parts` has what is
    different below a path prefix (a mounted console, a protocol). `has_access` tells of a person whether
    their signed links open; a service with pages has to give it. `measure` sets gauges of the service's own,
    in the registry of its `meters`. Raises ValueError on wrong token files.
    """
    meters = meters or metrics.build()
    keys = _keys(door, settings, has_access)
    app = _bare(title)
    folder = SERVICES / door.service
    app.state.keys = keys
    app.state.look = look.environment(folder)
    app.state.context = Context(
        door, settings, folder, progress or Progress(), meters, next_due, busy, measure, names_actors
    )
    problems.install(app)
    for router in (health.router(), parked.router(), *routers):
        app.include_router(router)
    if settings.clock == "stepped":
        app.include_router(stepped.router())
    app.add_middleware(edge.Edge, keys=keys, metrics=meters, settings=settings, parts=parts or edge.Parts())
    return app


def _keys(door: Door, settings: Settings, has_access: HasAccess | None) -> auth.Keys:
    asked = None if has_access is None else partial(_look_up, door, has_access)
    tokens = auth.load_tokens(settings.tokens_file)
    return auth.Keys(tokens, settings.link_key.get_secret_value(), door.clock, asked)


async def _look_up(door: Door, has_access: HasAccess, person_id: UUID) -> bool:
    async with lent(door) as conn:
        return await has_access(conn, person_id)


def _bare(title: str) -> FastAPI:
    """Without pages about itself: the interface is described by the committed openapi.json."""
    return FastAPI(
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses={**problems.RESPONSES},
    )

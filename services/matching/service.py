"""Puts matching together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from fastapi import FastAPI

from services.matching import api, commands, desk, loops, pages, store
from services.matching.consumers import CONSUMERS
from services.matching.hris import entrance
from services.matching.jobs import JOBS
from services.matching.settings import Settings
from shared.api import application
from shared.service import Service
from shared.tx import Door


def build(settings: Settings) -> Service:
    kept = commands.projection.Projections()

    def http(door: Door) -> FastAPI:
        routers = *api.routers(), pages.router()
        has_access = store.people.has_access
        app = application(
            door, settings, *routers, title="Mentoring: matching", has_access=has_access, names_actors=True
        )
        app.state.projections = kept
        app.state.entrance = entrance.Entrance(door, settings.hris_requests_per_minute_max)
        desk.mount(app, door, settings)
        return app

    return Service(
        name="matching",
        settings=settings,
        folder=Path(__file__).parent,
        http=http,
        consumers=CONSUMERS,
        jobs=JOBS,
        loops=(
            loops.compile_solver,
            loops.seal_audit,
            partial(loops.hold_rounds, settings=settings, kept=kept),
        ),
        busy=store.solving.busy,
    )

"""Puts matching together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from fastapi import FastAPI

from services.matching import api, commands, desk, loops, pages, store
from services.matching.consumers import CONSUMERS
from services.matching.hris import applying, entrance, feed, measures, scim, webhook
from services.matching.jobs import JOBS
from services.matching.settings import Settings
from shared import metrics
from shared.api import Parts, application
from shared.service import Service
from shared.tx import Connection, Door


def build(settings: Settings) -> Service:
    kept = commands.projection.Projections()

    def http(door: Door) -> FastAPI:
        routers = *api.routers(), webhook.router(), pages.router()
        meters = metrics.build()
        app = application(
            door,
            settings,
            *routers,
            title="Mentoring: matching",
            meters=meters,
            has_access=store.people.has_access,
            names_actors=True,
            measure=measures.Measures(meters.registry).read,
            parts=Parts(refusals={scim.PATH: scim.refusal}),
        )
        app.state.projections = kept
        app.state.entrance = entrance.Entrance(door, settings.hris_requests_per_minute_max)
        desk.mount(app, door, settings)
        scim.mount(app, door, settings)
        return app

    return Service(
        name="matching",
        settings=settings,
        folder=Path(__file__).parent,
        http=http,
        consumers=CONSUMERS,
        feeds=feed.FEEDS,
        jobs=JOBS,
        loops=(
            loops.compile_solver,
            loops.seal_audit,
            partial(loops.hold_rounds, settings=settings, kept=kept),
            applying.apply_received,
        ),
        busy=busy,
    )


async def busy(conn: Connection) -> int:
    """Runs to be solved, and facts to be taken over."""
    return await store.solving.busy(conn) + await store.received.waiting(conn)

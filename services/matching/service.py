"""Puts matching together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from fastapi import FastAPI

from services.matching import api, commands, desk, loops, pages, store
from services.matching.consumers import CONSUMERS
from services.matching.hris import applying, entrance, feed, files, measures, scim, webhook
from services.matching.jobs import JOBS
from services.matching.settings import Settings
from shared import metrics, retention
from shared.api import Parts, application, disclosure
from shared.service import Service
from shared.tx import Connection, Door


def build(settings: Settings) -> Service:
    kept = commands.projection.Projections()
    return Service(
        name="matching",
        settings=settings,
        folder=Path(__file__).parent,
        http=partial(_application, settings=settings, kept=kept),
        consumers=CONSUMERS,
        feeds=feed.FEEDS,
        jobs=JOBS,
        loops=(
            loops.compile_solver,
            loops.seal_audit,
            retention.keeper(commands.retention.rules(settings)),
            partial(loops.hold_rounds, settings=settings, kept=kept),
            applying.apply_received,
            files.take_over,
        ),
        busy=busy,
    )


def _application(door: Door, settings: Settings, kept: commands.projection.Projections) -> FastAPI:
    meters = metrics.build()
    app = application(
        door,
        settings,
        *(*api.routers(), webhook.router(), pages.router(), disclosure.router(store.access.SHOWN)),
        title="Mentoring: matching",
        meters=meters,
        has_access=store.people.has_access,
        names_actors=True,
        measure=measures.Measures(meters.registry).read,
        parts=Parts(
            policies={disclosure.PATH: disclosure.policy(settings.my_data_next)},
            refusals={scim.PATH: scim.refusal},
            bodies={api.files.PREFIX: settings.file_bytes_max},
        ),
    )
    app.state.projections = kept
    app.state.entrance = entrance.Entrance(door, settings.hris_requests_per_minute_max)
    desk.mount(app, door, settings)
    scim.mount(app, door, settings)
    return app


async def busy(conn: Connection) -> int:
    """Runs to be solved, and facts and files to be taken over."""
    waiting = await store.received.waiting(conn) + await store.files.busy(conn)
    return await store.solving.busy(conn) + waiting

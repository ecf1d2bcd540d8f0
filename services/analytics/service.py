"""The parts of analytics, wired."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import Gauge

from services.analytics import api, consumers, jobs
from services.analytics.settings import Settings
from services.analytics.store import access
from shared import metrics
from shared.api import Parts, application, disclosure
from shared.service import Service
from shared.tx import Door


def build(settings: Settings) -> Service:
    meters = metrics.build()
    drift = Gauge(
        "mentoring_live_window_drift_events",
        "Events by which the live windows of the last minutes differ from what was applied",
        registry=meters.registry,
    )

    def http(door: Door) -> FastAPI:
        # The console's library takes a third of a start: it is loaded when the consumer is at work already.
        console = import_module("services.analytics.console")
        app = application(
            door,
            settings,
            *(api.router(), disclosure.router(access.SHOWN)),
            title="Mentoring: analytics",
            meters=meters,
            parts=Parts(
                policies={
                    console.PATH: console.POLICY,
                    disclosure.PATH: disclosure.policy(settings.my_data_next),
                }
            ),
        )
        console.mount(app, door, settings)
        return app

    return Service(
        name=Settings.service,
        settings=settings,
        folder=Path(__file__).parent,
        http=http,
        consumers=consumers.CONSUMERS,
        heard=consumers.remember,
        jobs=jobs.JOBS,
        loops=(jobs.reconciler(drift), jobs.log_keeper(settings.event_log_months)),
    )

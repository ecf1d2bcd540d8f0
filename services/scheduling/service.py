"""Puts scheduling together."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from services.scheduling import api, pages
from services.scheduling.consumers import CONSUMERS
from services.scheduling.jobs import JOBS
from services.scheduling.settings import Settings
from shared.api import application
from shared.service import Service
from shared.tx import Door


def build(settings: Settings) -> Service:
    def http(door: Door) -> FastAPI:
        return application(door, settings, api.router(), pages.router(), title="Mentoring: scheduling")

    return Service(
        name="scheduling",
        settings=settings,
        folder=Path(__file__).parent,
        http=http,
        consumers=CONSUMERS,
        jobs=JOBS,
    )

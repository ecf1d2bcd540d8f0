"""Puts scheduling together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.scheduling import api, pages, store
from services.scheduling.consumers import CONSUMERS
from services.scheduling.jobs import JOBS
from services.scheduling.settings import Settings
from shared import retention
from shared.api import Parts, application, disclosure
from shared.service import Service
from shared.tx import Door, Tx


def build(settings: Settings) -> Service:
    def http(door: Door) -> FastAPI:
        return application(
            door,
            settings,
            *(api.router(), pages.router(), disclosure.router(store.access.SHOWN)),
            title="Mentoring: scheduling",
            has_access=store.people.has_access,
            parts=Parts(policies={disclosure.PATH: disclosure.policy(settings.my_data_next)}),
        )

    return Service(
        name="scheduling",
        settings=settings,
        folder=Path(__file__).parent,
        http=http,
        consumers=CONSUMERS,
        jobs=JOBS,
        loops=(retention.keeper(rules(settings)),),
    )


def rules(settings: Settings) -> tuple[retention.Rule, ...]:
    """What is kept for how long."""
    return (retention.Rule("what pairs wrote in feedback", settings.words_days_kept, _old_words),)


async def _old_words(tx: Tx, before: datetime, limit: int) -> int:
    return await store.privacy.forget_words(tx.conn, before, limit)

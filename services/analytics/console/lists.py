"""The list behind a figure: the very rows that were counted."""

from __future__ import annotations

from datetime import date

from fastapi import Request
from nicegui import ui

from services.analytics.console import views
from services.analytics.console.frame import as_id, frame, go
from services.analytics.console.house import House, link
from services.analytics.console.parts import Parts, keep
from services.analytics.console.views import ListView, Part
from services.analytics.core import definitions
from shared.api import paging
from shared.errors import Refused

REFRESH_S = 10.0


def register(house: House) -> None:
    async def page(
        request: Request,
        figure: str,
        *,
        programme: str = "",
        period: str = "all",
        code: str = "",
        week: str = "",
        after: str = "",
    ) -> None:
        definition = definitions.find_definition(figure)
        if definition is None:
            go(link())
            return
        part = Part(code=code or None, week=_week(week), after=_after(after))

        async def load() -> ListView:
            return await views.behind(house.door, definition, as_id(programme), period, part=part)

        with frame(house, request, title=definition.title, current="", programme=programme):
            parts = Parts[ListView](house)
            parts.html("list.html")
            await keep(parts, load, every_s=REFRESH_S)

    ui.page("/figures/{figure}")(page)


def _week(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _after(text: str) -> paging.Key | None:
    try:
        return paging.decode(text) if text else None
    except Refused:
        return None

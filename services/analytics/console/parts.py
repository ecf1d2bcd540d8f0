"""Parts of a page that follow the numbers: each is rendered from a view and sent again when it changed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from nicegui import events, ui

from services.analytics.console.charts import Options
from services.analytics.console.house import House
from shared import log
from shared.errors import Transient

V = TypeVar("V")
PAUSE_PER_WORK = 10
"""How much longer a page rests than it reads: where reading takes long, it is done less often."""
AWAY = "The store does not answer at the moment. The numbers are tried again every few seconds."


@dataclass
class Parts(Generic[V]):
    """The parts of one open page, and how to fill them."""

    house: House
    _fill: list[Callable[[V], None]] = field(default_factory=list)

    def html(self, template: str, *, tag: str = "div", classes: str = "") -> ui.html:
        """A piece of HTML from a template that gets the view as `view`."""
        element = ui.html("", sanitize=False, tag=tag).classes(classes)

        def fill(view: V) -> None:
            content = self.house.render(template, view=view)
            if element.content != content:
                element.set_content(content)

        self._fill.append(fill)
        return element

    def chart(
        self,
        options: Callable[[V], Options],
        *,
        says: Callable[[V], str],
        empty: Callable[[V], bool],
        on_point: Callable[[events.EChartPointClickEventArguments], None] | None = None,
    ) -> None:
        """A chart, hidden while empty; `says` tells in words what it shows to those who cannot see it."""
        element = ui.echart({}, on_point_click=on_point, renderer="svg").classes("chart")
        element.props("role=img")

        def fill(view: V) -> None:
            element.set_visibility(not empty(view))
            fresh = options(view)
            if element.options != fresh:
                element.options.clear()
                element.options.update(fresh)
                element.update()
            element.props["aria-label"] = says(view)

        self._fill.append(fill)

    def also(self, fill: Callable[[V], None]) -> None:
        """Something else that follows the view."""
        self._fill.append(fill)

    def show(self, view: V) -> None:
        for fill in self._fill:
            fill(view)


async def keep(parts: Parts[V], load: Callable[[], Awaitable[V]], *, every_s: float) -> None:
    """Shows the parts now and from then on; while the store is away the page says so and goes on trying."""
    notice = ui.label(AWAY).classes("notice problem").props("role=alert")
    notice.set_visibility(False)

    async def refresh() -> None:
        began = time.monotonic()
        try:
            view = await load()
        except Transient as error:
            log.warning("console", outcome="retry", error=str(error))
            notice.set_visibility(True)
            return
        notice.set_visibility(False)
        parts.show(view)
        timer.interval = max(every_s, (time.monotonic() - began) * PAUSE_PER_WORK)

    timer = ui.timer(every_s, refresh, immediate=False)
    await refresh()

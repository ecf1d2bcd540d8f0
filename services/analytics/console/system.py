"""The page System: how the machines are, for those who operate them."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from nicegui import ui

from services.analytics.console import charts, plumbing, views
from services.analytics.console.frame import frame, operates
from services.analytics.console.house import House
from services.analytics.console.parts import Parts, keep
from services.analytics.console.views import LiveView

REFRESH_S = 2.0


@dataclass(frozen=True)
class SystemView:
    live: LiveView
    processes: tuple[plumbing.Process, ...]

    @property
    def now_per_second(self) -> float:
        """Events per second in the last window that is over."""
        done = self.live.seconds[:-1]
        return done[-1][1] if done else 0.0


def register(house: House) -> None:
    async def page(request: Request) -> None:
        if not operates(request):
            with frame(house, request, title="System", current="system"):
                ui.html(house.render("forbidden.html"), sanitize=False).classes("card")
            return
        http = plumbing.client(house.settings)
        ui.context.client.on_delete(http.aclose)

        async def load() -> SystemView:
            processes = await plumbing.ask_all(http, house.settings.plumbing_urls)
            return SystemView(await views.live_windows(house.door, views.wall_now()), processes)

        with frame(house, request, title="System", current="system"):
            parts = Parts[SystemView](house)
            parts.html("system_title.html")
            parts.html("services.html", tag="section", classes="card flush")
            with ui.element("section").classes("card apart"):
                parts.html("live_head.html")
                parts.chart(
                    lambda view: charts.events_per_second(view.live.seconds),
                    says=_live_in_words,
                    empty=lambda view: False,
                )
            with ui.element("div").classes("grid"):
                parts.html("topics.html", tag="section", classes="card")
                parts.html("messages.html", tag="section", classes="card")
            await keep(parts, load, every_s=REFRESH_S)

    ui.page("/system")(page)


def _live_in_words(view: SystemView) -> str:
    return f"Events per second in the last ten minutes; now {view.now_per_second:.1f}"

"""The page System: how the machines are, what they have put aside, and what an operator does about it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from nicegui import ui

from services.analytics.console import charts, parked, plumbing, views
from services.analytics.console.desk import Desk, Wish
from services.analytics.console.frame import caller_of, frame, operates
from services.analytics.console.house import House
from services.analytics.console.parts import Parts, keep
from services.analytics.console.views import LiveView

REFRESH_S = 2.0


@dataclass(frozen=True)
class SystemView:
    live: LiveView
    processes: tuple[plumbing.Process, ...]
    parked: parked.Listing

    @property
    def now_per_second(self) -> float:
        """Events per second in the last window that is over."""
        done = self.live.seconds[:-1]
        return done[-1][1] if done else 0.0

    @property
    def stores(self) -> tuple[plumbing.Process, ...]:
        """One answering process of each service: its replicas share outbox and parked events."""
        return tuple({one.service: one for one in self.processes if one.answers}.values())


def register(house: House) -> None:
    async def page(request: Request, service: str = "", state: str = "", after: str = "") -> None:
        if not operates(request):
            with frame(house, request, title="System", current="system"):
                ui.html(house.render("forbidden.html"), sanitize=False).classes("card")
            return
        http = plumbing.client(house.settings)
        ui.context.client.on_delete(http.aclose)
        operator = parked.Operator(http, house.settings.plumbing_urls, caller_of(request).id)

        async def load() -> SystemView:
            processes = await plumbing.ask_all(http, house.settings.plumbing_urls)
            listing = await operator.listing(processes, service=service, state=state, after=after)
            live = await views.live_windows(house.door, views.wall_now())
            return SystemView(live, processes, listing)

        async def then(_wish: Wish) -> None:
            parts.show(await load())

        with frame(house, request, title="System", current="system"):
            parts = Parts[SystemView](house)
            _build(parts, Desk(house, operator, then))
            await keep(parts, load, every_s=REFRESH_S)

    ui.page("/system")(page)


def _build(parts: Parts[SystemView], desk: Desk) -> None:
    parts.html("system_title.html")
    desk.build()
    parts.html("health.html", tag="section", classes="tiles")
    desk.hears(parts.html("services.html", tag="section", classes="card flush"))
    with ui.element("section").classes("card apart"):
        parts.html("live_head.html")
        parts.chart(
            lambda view: charts.events_per_second(view.live.seconds),
            says=_live_in_words,
            empty=lambda view: False,
        )
    with ui.element("div").classes("grid apart"):
        parts.html("topics.html", tag="section", classes="card")
        parts.html("messages.html", tag="section", classes="card")
    section = parts.html("parked.html", tag="section", classes="card flush")
    desk.hears(section.props('id=parked aria-label="Parked events"'))


def _live_in_words(view: SystemView) -> str:
    return f"Events per second in the last ten minutes; now {view.now_per_second:.1f}"

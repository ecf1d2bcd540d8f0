"""The page of one parked event: what is wrong with it, what was in it, what waits behind it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from nicegui import ui

from services.analytics.console import parked, plumbing
from services.analytics.console.desk import Desk, Wish
from services.analytics.console.frame import caller_of, frame, operates
from services.analytics.console.house import House
from services.analytics.console.parts import Parts
from shared import log

TRIED_S = 2.5
"""How long after a retry one looks again: the consumer looks at what is parked once a second."""


@dataclass(frozen=True)
class EventView:
    """`event` is None where it is not there or nobody answers: then `why` says so."""

    service: str
    number: int
    event: parked.Event | None
    why: str = ""


def register(house: House) -> None:
    async def page(request: Request, service: str, number: int) -> None:
        title = f"Parked event {number}"
        if not operates(request):
            with frame(house, request, title="System", current="system"):
                ui.html(house.render("forbidden.html"), sanitize=False).classes("card")
            return
        http = plumbing.client(house.settings)
        ui.context.client.on_delete(http.aclose)
        operator = parked.Operator(http, house.settings.plumbing_urls, caller_of(request).id)

        async def show() -> None:
            parts.show(await _load(operator, service, number))

        async def then(wish: Wish) -> None:
            await show()
            if wish.deed == "retry":
                ui.timer(TRIED_S, show, once=True)

        with frame(house, request, title=title, current="system"):
            parts, desk = Parts[EventView](house), Desk(house, operator, then)
            desk.hears(parts.html("parked_event.html"))
            desk.build()
            await show()

    ui.page("/system/parked/{service}/{number}")(page)


async def _load(operator: parked.Operator, service: str, number: int) -> EventView:
    """What was in it may be about a person: who looked is in the log, here and in the service asked."""
    if service not in operator.urls:
        return EventView(service, number, None, f"There is no service {service}.")
    log.info("parked-shown", service=service, parked=number, by=operator.by)
    try:
        return EventView(service, number, await operator.event(service, number))
    except (parked.NoAnswer, parked.Refusal) as refused:
        return EventView(service, number, None, str(refused))

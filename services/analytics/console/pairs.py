"""The page Pairs: who with whom, how it stands, when they last met and will meet next."""

from __future__ import annotations

from fastapi import Request
from nicegui import events, ui

from services.analytics.console import views
from services.analytics.console.frame import as_id, frame
from services.analytics.console.house import House
from services.analytics.console.parts import Parts, keep
from services.analytics.console.views import PairsView

REFRESH_S = 5.0
TYPING_S = 0.3
TEXT_MAX = 80


def register(house: House) -> None:
    async def page(request: Request, programme: str = "", state: str = "active", text: str = "") -> None:
        asked = [text[:TEXT_MAX]]

        async def load() -> PairsView:
            return await views.pairs(house.door, as_id(programme), state, asked[0])

        async def typed(event: events.GenericEventArguments) -> None:
            asked[0] = str(event.args)[:TEXT_MAX]
            parts.show(await load())

        with frame(house, request, title="Pairs", current="pairs", programme=programme):
            parts = Parts[PairsView](house)
            with ui.element("div").classes("title"):
                parts.html("title.html")
                parts.html("choice.html", classes="controls")
            with ui.element("div").classes("controls filter"):
                parts.html("pairs_states.html", tag="nav", classes="pills")
                # plain HTML: a field that NiceGUI knows would be set back while somebody types
                search = house.render("pairs_search.html", text=asked[0], text_max=TEXT_MAX)
                ui.html(search, sanitize=False).classes("search").on(
                    "input",
                    typed,
                    js_handler="(event) => emit(event.target.value)",
                    throttle=TYPING_S,
                    leading_events=False,
                )
            parts.html("pairs_table.html", tag="section", classes="card flush")
            await keep(parts, load, every_s=REFRESH_S)

    ui.page("/pairs")(page)

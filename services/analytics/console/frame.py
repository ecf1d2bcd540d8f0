"""What stands around every page: the head, the way to the other pages, dark or light."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from services.analytics.console.house import PATH, House
from shared import auth

THEME_COOKIE = "mentoring_console_theme"
THEMES: Mapping[str, bool | None] = {"auto": None, "light": False, "dark": True}
HALF_MOON = (
    '<svg viewBox="0 0 16 16" aria-hidden="true" fill="currentColor"><path d="M8 1.5a6.5 6.5 0 0 1 0 13z"/>'
    '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
)
YEAR_S = 31_536_000
# The browser keeps the choice before the page shows it, so that no reload can come between the two.
TURN = f"""() => {{
  const names = {json.dumps(list(THEMES))};
  const kept = document.cookie.match(/{THEME_COOKIE}=(\\w+)/);
  const chosen = names[(names.indexOf(kept ? kept[1] : "auto") + 1) % names.length];
  document.cookie = `{THEME_COOKIE}=${{chosen}}; path={PATH}; max-age={YEAR_S}; samesite=lax`;
  emit(chosen);
}}"""
OPERATE = "operate"


@contextmanager
def frame(house: House, request: Request, *, title: str, current: str, programme: str = "") -> Iterator[None]:
    """The page around what is built inside the block."""
    ui.page_title(f"{title} · Mentoring")
    ui.add_head_html(house.render("head.html"))
    theme = request.cookies.get(THEME_COOKIE, "auto")
    dark = ui.dark_mode(THEMES.get(theme))
    with ui.header(elevated=False).classes("top"):
        ui.html(
            house.render("top.html", current=current, operates=operates(request), programme=programme),
            sanitize=False,
        ).classes("bar")
        _theme_button(dark, theme if theme in THEMES else "auto")
    with ui.element("div").classes("page").props("id=content tabindex=-1"):
        yield


def operates(request: Request) -> bool:
    """Whether the visitor's token may see how the machines are."""
    return caller_of(request).may(OPERATE)


def caller_of(request: Request) -> auth.Caller:
    """Whose session it is; without one, nobody who may do anything."""
    caller = getattr(request.state, "caller", None)
    return caller if isinstance(caller, auth.Caller) else auth.Caller("nobody", frozenset())


def go(address: str) -> None:
    """Sends the visitor to a page of the console; NiceGUI puts the console's own path before it."""
    ui.navigate.to(address.removeprefix(PATH))


def as_id(text: str) -> UUID | None:
    """The id in an address; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _theme_button(dark: ui.dark_mode, theme: str) -> None:
    def turn(event: GenericEventArguments) -> None:
        chosen = event.args if event.args in THEMES else "auto"
        label.set_text(chosen.capitalize())
        dark.value = THEMES[chosen]

    with ui.element("button").classes("theme").props('type=button title="Colours"') as button:
        ui.html(HALF_MOON, sanitize=False)
        label = ui.label(theme.capitalize()).classes("word")
    button.on("click", turn, js_handler=TURN)

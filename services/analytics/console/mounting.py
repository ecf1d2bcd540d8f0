"""Brings the console into the application: its pages, the guard around them, the rules for scripts."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import ui
from starlette.routing import Mount

from services.analytics.console import lists, pairs, parked_event, programme, system
from services.analytics.console.house import PATH, House, environment
from services.analytics.settings import Settings
from shared import auth
from shared.guard import Entrance, Guard, Sessions
from shared.tx import Door

__all__ = ["PATH", "POLICY", "mount"]

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
"""NiceGUI writes scripts into the page and compiles templates in it; nothing may come from elsewhere."""

ENTRANCE = Entrance(cookie="mentoring_console", scope="figures:read", closed="console/closed.html")
RECONNECT_S = 10.0
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><g fill="none" stroke="#1d6353"'
    ' stroke-width="3"><circle cx="14" cy="20" r="11"/><circle cx="26" cy="20" r="11" fill="#1d6353"'
    ' fill-opacity=".22"/></g></svg>'
)


def mount(app: FastAPI, door: Door, settings: Settings) -> None:
    """Adds the console at /console. NiceGUI knows one application per process: the last one mounted."""
    house = House(door, settings, environment(settings.desk_url))
    for page in (programme, pairs, lists, system, parked_event):
        page.register(house)
    ui.run_with(
        app,
        mount_path=PATH,
        title="Mentoring",
        favicon=ICON,
        dark=None,
        language="en-US",
        tailwind=False,
        reconnect_timeout=RECONNECT_S,
        show_welcome_message=False,
    )
    keys: auth.Keys = app.state.keys
    sessions = Sessions(ENTRANCE, keys, settings.console_session_hours)
    for route in app.router.routes:
        if isinstance(route, Mount) and route.path == PATH:
            route.app = Guard(route.app, sessions, house.env)

"""Every page of a service that a signed link opens, whatever rooms it may get."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

OPEN_TO_ALL = frozenset({"my-data"})
"""What is known of somebody is theirs to see, whether they are still here or not."""


def pages(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path) of each, the path with `{token}` in it."""
    return sorted(
        (method, str(context.path))
        for context in iter_route_contexts(app.routes)
        if "{token}" in str(context.path)
        for method in context.methods or ()
    )


async def all_closed(app: FastAPI, client: httpx.AsyncClient, link: Callable[[str], str]) -> list[str]:
    """Asks for every page, looking and doing, and returns what was asked; each has to be refused the same
    way. `link(purpose)` gives the path of a link that is valid but for who holds it."""
    asked = []
    for method, path in pages(app):
        purpose = path.split("/")[1]
        if purpose in OPEN_TO_ALL:
            continue
        token = link(purpose).rsplit("/", 1)[1]
        answer = await client.request(method, path.replace("{token}", token))
        assert answer.status_code == 410, f"{method} {path}"
        assert "This link is closed." in answer.text
        asked.append(f"{method} {path}")
    return asked

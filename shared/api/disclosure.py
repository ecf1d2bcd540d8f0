"""The page on which people see what is kept of them, part by part, and at the end have all in one file.

No service asks another over HTTP, and no event may carry what is personal. So people's own browsers carry the
parts: each page shows what came before, adds its own and passes all of it on by a form. The last one gives it
as a file to keep. What the browser brings is shown as text and believed by nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import TypeAdapter, ValidationError

from shared import access, auth, look
from shared.access import Section, Shown
from shared.api import context
from shared.api.doors import Read, Reading
from shared.api.edge import CSP
from shared.errors import Refused

PURPOSE = "my-data"
PATH = f"/{PURPOSE}"
SECTIONS: TypeAdapter[list[Section]] = TypeAdapter(list[Section])
FILE = 'attachment; filename="my-data.html"'

Link = Annotated[auth.SignedLink, Depends(auth.signed(PURPOSE, whoever=True))]
SoFar = Annotated[str, Form(max_length=1 << 20)]


class NotUnderstood(Refused):
    status = 422
    code = "not-understood"


def policy(next_url: str) -> str:
    """The page may send its form to the next service, which has an address of its own."""
    place = urlsplit(next_url)
    there = f" {place.scheme}://{place.netloc}" if place.netloc else ""
    return CSP.replace("form-action 'self'", f"form-action 'self'{there}")


def router(shown: Sequence[Shown]) -> APIRouter:
    """The part of one service."""

    async def first(request: Request, link: Link, read: Reading) -> HTMLResponse:
        return await _page(request, link, [], await _own(link, read))

    async def following(request: Request, link: Link, read: Reading, so_far: SoFar) -> HTMLResponse:
        try:
            before = SECTIONS.validate_json(so_far)
        except ValidationError as error:
            raise NotUnderstood("Please begin again with the link that you were sent.") from error
        return await _page(request, link, before, await _own(link, read))

    async def _own(link: auth.SignedLink, read: Read) -> list[Section]:
        return await access.read(read.conn, link.audience, shown)

    made = APIRouter(tags=["pages"], include_in_schema=False)
    made.get(f"{PATH}/{{token}}", response_class=HTMLResponse)(first)
    made.post(f"{PATH}/{{token}}", response_class=HTMLResponse)(following)
    return made


async def _page(
    request: Request, link: auth.SignedLink, before: Sequence[Section], own: Sequence[Section]
) -> HTMLResponse:
    here = context.of(request)
    sections, onward = [*before, *own], here.settings.my_data_next.rstrip("/")
    page = look.page(
        request.app.state.look,
        "my_data.html",
        sections=sections,
        so_far=json.dumps([asdict(one) for one in sections]),
        onward=f"{onward}{PATH}/{request.path_params['token']}" if onward else None,
        now=f"{here.door.clock.now():%d %B %Y}",
    )
    page.headers["Cache-Control"] = "no-store"
    if not onward:
        page.headers["Content-Disposition"] = FILE
    return page

"""The match page: what the two know of each other, and what they can do when their time is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.matching import commands, core, store, taxonomy
from services.matching.core.joining import Filled, Form
from services.matching.core.participations import CAPACITY_MAX
from services.matching.pages import forms, join, proposal
from shared import api, auth, look
from shared.auth import SignedLink
from shared.errors import Refused
from shared.tx import Connection, Tx

Link = Annotated[SignedLink, Depends(auth.signed("match"))]


async def show(link: Link, read: api.Reading, request: Request) -> HTMLResponse:
    return await _page(request, read.conn, link)


async def act(link: Link, form: forms.Form, tx: api.InTx, request: Request) -> Response:
    """One of the page's two forms: to go on informally, or to become a mentor."""
    if forms.last(form, "go") != "on":
        return await _become_mentor(link, form, tx, request)
    await commands.afterwards.go_on(tx, link.subject, link.audience)
    return RedirectResponse(request.url.path, status_code=303)


async def _become_mentor(link: SignedLink, form: Form, tx: Tx, request: Request) -> Response:
    filled = core.joining.read(form)
    wrong = core.joining.wrong_offer(filled, skills=set(taxonomy.skills()))
    if wrong:
        return await _page(request, tx.conn, link, filled=filled, wrong=wrong)
    skills = {code: int(level) for code, level in filled.levels.items()}
    try:
        await commands.afterwards.become_mentor(
            tx, link.subject, link.audience, skills=skills, capacity=int(filled.capacity)
        )
    except Refused as refused:
        return await _page(request, tx.conn, link, filled=filled, wrong={"skills": refused.detail})
    return RedirectResponse(request.url.path, status_code=303)


async def _page(
    request: Request,
    conn: Connection,
    link: SignedLink,
    *,
    filled: Filled | None = None,
    wrong: Mapping[str, str] | None = None,
) -> HTMLResponse:
    offer = await proposal.offer_of(conn, link)
    joined = await store.participations.of_person(conn, offer.programme.id, offer.reader.id)
    told = next((one.profile for one in joined if one.role == "mentee"), None)
    skills = {} if told is None or offer.role != "mentee" else core.afterwards.skills_learned(told)
    names = taxonomy.skills()
    return look.page(
        request.app.state.look,
        "match.html",
        422 if wrong else 200,
        offer=offer,
        completed=offer.match.state == "informal" or offer.match.end_reason == "completed",
        wants_on=offer.reader.id in await store.afterwards.wanting(conn, offer.match.id),
        is_mentor=any(one.role == "mentor" for one in joined),
        skills=[(code, names[code].name, str(level)) for code, level in skills.items() if code in names],
        levels=join.LEVELS,
        capacities=range(1, CAPACITY_MAX + 1),
        filled=filled,
        errors=wrong or {},
    )


def router() -> APIRouter:
    made = APIRouter()
    made.get("/match/{token}", response_class=HTMLResponse)(show)
    made.post("/match/{token}", response_class=HTMLResponse)(act)
    return made

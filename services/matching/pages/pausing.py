"""Not now, or not any more: on the page of the join link somebody says until when nobody is to be looked for,
or leaves."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.matching import commands, core, store
from services.matching.pages import forms, joined
from shared import api


async def pause(link: joined.Link, form: forms.Form, tx: api.InTx, request: Request) -> Response:
    """In every role; an empty day ends the pause."""
    found = await joined.guest(tx.conn, link)
    told = forms.last(form, "until")
    until = core.roster.day(told)
    if told and until is None:
        wrong = {"until": "Please give a day, like 2026-03-31."}
        return await joined.welcome(request, tx.conn, found, filled={"until": told}, wrong=wrong)
    try:
        for one in found.joined:
            locked = await store.participations.get_locked(tx.conn, one.id)
            if until is None:
                await commands.pausing.resume(tx, locked)
            else:
                await commands.pausing.pause(tx, locked, until)
    except core.participations.WrongDay as refused:
        wrong = {"until": f"This day {refused.errors[0].detail}."}
        return await joined.welcome(request, tx.conn, found, filled={"until": told}, wrong=wrong)
    return RedirectResponse(f"/join/{request.path_params['token']}", status_code=303)


async def leave(link: joined.Link, tx: api.InTx, request: Request) -> Response:
    """In every role, for good; again it changes nothing."""
    found = await joined.guest(tx.conn, link)
    locked = [await store.participations.get_locked(tx.conn, one.id) for one in found.joined]
    await commands.leaving.leave(
        tx, [one for one in locked if one.state == "active"], commands.leaving.WITHDREW
    )
    return RedirectResponse(f"/join/{request.path_params['token']}", status_code=303)


def router() -> APIRouter:
    made = APIRouter()
    made.post("/join/{token}/pause", response_class=HTMLResponse)(pause)
    made.post("/join/{token}/leave", response_class=HTMLResponse)(leave)
    return made

"""The proposal page: who could be one's partner, why, and a yes or a no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.matching import commands, core, store
from services.matching.core.ids import Role, Side
from services.matching.core.matches import REASONS, Answer, Match
from services.matching.core.people import Person
from services.matching.core.programmes import Programme
from services.matching.core.views import View
from services.matching.pages import forms, join
from shared import api, auth, look
from shared.auth import SignedLink
from shared.errors import NotFound
from shared.look import times
from shared.tx import Connection

Link = Annotated[SignedLink, Depends(auth.signed("proposal"))]
ANSWERS: Mapping[str, Answer] = {"accept": "accept", "decline": "decline"}


@dataclass(frozen=True)
class Offer:
    """A proposal as one of the two sees it, and what is shown of their answers. `purpose` is what the mentee
    wrote who asked for this mentor by name."""

    match: Match
    programme: Programme
    role: Side
    reader: Person
    partner: Person
    view: View
    purpose: str | None

    @property
    def as_helper(self) -> bool:
        """Whether the reader is shown what the partner would like to learn."""
        return self.match.peer or self.role == "mentor"

    @property
    def partner_is(self) -> Role:
        if self.match.peer:
            return "peer"
        return "mentor" if self.role == "mentee" else "mentee"

    @property
    def answer(self) -> Answer | None:
        return self.match.answer_of(self.role)


async def show(link: Link, read: api.Reading, request: Request) -> HTMLResponse:
    offer = await offer_of(read.conn, link)
    if offer.match.state != "proposed" or offer.answer is not None:
        return look.page(request.app.state.look, "answered.html", offer=offer)
    return _question(request, offer, {})


async def answer(link: Link, form: forms.Form, tx: api.InTx, request: Request) -> Response:
    chosen = ANSWERS.get(forms.last(form, "answer"))
    reason = forms.last(form, "reason") or None
    wrong = {}
    if chosen is None:
        wrong["answer"] = "Please say yes or no."
    if reason is not None and reason not in REASONS:
        wrong["reason"] = "Please choose a reason from the list, or none."
    if wrong or chosen is None:
        return _question(request, await offer_of(tx.conn, link), wrong)
    await auth.use_once(tx, link)
    await commands.matches.answer(tx, link.subject, link.audience, chosen, reason=reason)
    return RedirectResponse(request.url.path, status_code=303)


async def offer_of(conn: Connection, link: SignedLink) -> Offer:
    """A match as the reader of a link sees it. Raises NotFound for anybody else."""
    match = await store.matches.get(conn, link.subject)
    reader = await store.people.get(conn, link.audience)
    role = match.role_of(reader.id)
    if role is None:
        raise NotFound("This proposal is not addressed to you.")
    programme = await store.programmes.get(conn, match.programme_id)
    partner = await store.people.get(conn, match.mentor_id if role == "mentee" else match.mentee_id)
    # To a peer the partner is shown as somebody who wants to learn: that is what the reader can help with.
    view = await commands.matches.view(conn, match, learner=partner.id if match.peer else match.mentee_id)
    purpose = await store.wishes.find_purpose(conn, match.id)
    return Offer(match, programme, role, reader, partner, view, purpose)


def _question(request: Request, offer: Offer, wrong: Mapping[str, str]) -> HTMLResponse:
    return look.page(
        request.app.state.look,
        "proposal.html",
        422 if wrong else 200,
        offer=offer,
        origin=core.people.POOLS[offer.partner.card.pool] if offer.partner.card.pool else "",
        terms=_terms(offer),
        reasons=tuple(REASONS.items()),
        errors=wrong,
    )


def _terms(offer: Offer) -> list[tuple[str, str]]:
    zone = offer.reader.card.time_zone
    if offer.match.talk_at is None:
        return join.terms(offer.programme, zone)
    begins = times.day_and_hour(offer.match.talk_at, zone)
    return [("Your talk", f"{begins}, {offer.programme.session_minutes} minutes")]


def router() -> APIRouter:
    made = APIRouter()
    made.get("/proposal/{token}", response_class=HTMLResponse)(show)
    made.post("/proposal/{token}", response_class=HTMLResponse)(answer)
    return made

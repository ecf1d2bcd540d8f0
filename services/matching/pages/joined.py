"""What the join link shows once somebody has joined: what happens now, and for a mentee two wishes: a request
to a mentor by name, and favourites. Mentors are named by their work address; nobody is listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.matching import commands, core, store
from services.matching.core.ids import Role
from services.matching.core.matches import Match
from services.matching.core.participations import Participation
from services.matching.core.people import Person
from services.matching.core.programmes import Programme
from services.matching.core.wishes import FAVOURITES_MAX, PURPOSE_CHARACTERS_MAX
from services.matching.pages import forms
from shared import api, auth, look
from shared.auth import SignedLink
from shared.errors import NotFound, Refused
from shared.tx import Connection

Link = Annotated[SignedLink, Depends(auth.signed("join"))]
NOBODY = "No mentor of this programme has this work address."


@dataclass(frozen=True)
class Guest:
    """Who looks at the page, and how they take part so far."""

    person: Person
    programme: Programme
    joined: Sequence[Participation]

    @property
    def open_roles(self) -> tuple[Role, ...]:
        taken = {one.role for one in self.joined}
        return tuple(role for role in core.programmes.roles(self.programme) if role not in taken)

    @property
    def paused_until(self) -> date | None:
        """The last day of the longest pause."""
        return max((one.paused_until for one in self.joined if one.paused_until is not None), default=None)

    @property
    def as_mentee(self) -> Participation | None:
        return next((one for one in self.joined if one.role == "mentee"), None)


@dataclass(frozen=True)
class Wishes:
    """What a mentee has asked for so far. `match` is open, `purpose` what the mentee wrote to
    ask for it, if so. `favourites` are work addresses, empty where none is named."""

    match: Match | None
    mentor: Person | None
    purpose: str | None
    favourites: tuple[str, ...]


async def guest(conn: Connection, link: SignedLink) -> Guest:
    person = await store.people.get(conn, link.audience)
    programme = await store.programmes.get(conn, link.subject)
    return Guest(person, programme, await store.participations.of_person(conn, programme.id, person.id))


async def welcome(
    request: Request,
    conn: Connection,
    found: Guest,
    *,
    filled: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> HTMLResponse:
    return look.page(
        request.app.state.look,
        "joined.html",
        422 if wrong else 200,
        guest=found,
        here=_page(request),
        soon=core.programmes.offers_soon(found.programme),
        roles=[one.role for one in found.joined],
        wishes=None if found.as_mentee is None else await _wishes(conn, found.programme, found.as_mentee),
        places=range(1, FAVOURITES_MAX + 1),
        characters=PURPOSE_CHARACTERS_MAX,
        filled=filled or {},
        errors=wrong or {},
    )


async def _wishes(conn: Connection, programme: Programme, mentee: Participation) -> Wishes:
    match = await store.matches.find_open(conn, mentee.id)
    favourites = await store.wishes.favourites_of(conn, programme.id, mentee.person_id)
    known = {one.id: one for one in await store.people.by_ids(conn, favourites)}
    return Wishes(
        match=match,
        mentor=None if match is None else await store.people.get(conn, match.mentor_id),
        purpose=None if match is None else await store.wishes.find_purpose(conn, match.id),
        favourites=tuple(
            [*(known[one].card.work_email for one in favourites), *[""] * FAVOURITES_MAX][:FAVOURITES_MAX]
        ),
    )


async def ask(link: Link, form: forms.Form, tx: api.InTx, request: Request) -> Response:
    """Asks the named mentor; what stands in the way is said beside the field."""
    found = await guest(tx.conn, link)
    filled = {name: forms.last(form, name) for name in ("mentor", "purpose")}
    try:
        core.wishes.purpose(filled["purpose"])
        (mentor_id,) = await _mentors(tx.conn, found.programme, [filled["mentor"]])
        await commands.wishes.ask(
            tx,
            request.app.state.projections,
            found.programme.id,
            mentee_id=found.person.id,
            mentor_id=mentor_id,
            purpose=filled["purpose"],
        )
    except core.wishes.PurposeMissing as refused:
        return await welcome(request, tx.conn, found, filled=filled, wrong={"purpose": refused.detail})
    except Refused as refused:
        return await welcome(request, tx.conn, found, filled=filled, wrong={"mentor": refused.detail})
    return _back(request)


async def prefer(link: Link, form: forms.Form, tx: api.InTx, request: Request) -> Response:
    """Replaces the favourites by what is in the fields; empty fields are left out."""
    found = await guest(tx.conn, link)
    names = [f"favourite_{place}" for place in range(1, FAVOURITES_MAX + 1)]
    filled = {name: forms.last(form, name) for name in names if forms.last(form, name)}
    known = await store.participations.mentors_at(tx.conn, found.programme.id, list(filled.values()))
    mentors = {name: known.get(core.people.name_key(email)) for name, email in filled.items()}
    wrong = {name: NOBODY for name, mentor in mentors.items() if mentor is None}
    chosen = [mentor for mentor in mentors.values() if mentor is not None]
    if not wrong:
        try:
            await commands.wishes.prefer(tx, found.programme.id, mentee_id=found.person.id, mentor_ids=chosen)
        except Refused as refused:
            wrong = {"favourite_1": refused.detail}
    if wrong:
        return await welcome(request, tx.conn, found, filled=filled, wrong=wrong)
    return _back(request)


async def _mentors(conn: Connection, programme: Programme, emails: Sequence[str]) -> list[core.ids.PersonId]:
    known = await store.participations.mentors_at(conn, programme.id, emails)
    found = [known.get(core.people.name_key(email)) for email in emails]
    if None in found:
        raise NotFound(NOBODY)
    return [one for one in found if one is not None]


def _page(request: Request) -> str:
    """The path of the join page, from it or from one of its forms."""
    return f"/join/{request.path_params['token']}"


def _back(request: Request) -> RedirectResponse:
    return RedirectResponse(_page(request), status_code=303)


def router() -> APIRouter:
    made = APIRouter()
    made.post("/join/{token}/request", response_class=HTMLResponse)(ask)
    made.post("/join/{token}/favourites", response_class=HTMLResponse)(prefer)
    return made

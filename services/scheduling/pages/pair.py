"""The pair's page: the next session and what can be done with it, what was, and what my partner told me."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from services.scheduling import commands, core, store
from services.scheduling.core.ids import Cadence, MatchId, PersonId, SessionId
from services.scheduling.pages import forms, words
from shared import api, auth, look
from shared.errors import FieldError, NotFound, Refused
from shared.tx import Connection, Tx

Link = Annotated[auth.SignedLink, Depends(auth.signed("pair"))]
DONE: Final[Mapping[str, str]] = {
    "happened": "Thank you. We noted that your session took place.",
    "missed": "Thank you. We noted that your session did not take place.",
    "move": "Your session has a new time. Both of you get a new calendar invitation.",
    "cancel": "Your session is cancelled. Both of you are told by mail.",
}
DONE_IN_CIRCLE: Final[Mapping[str, str]] = {
    "happened": "Thank you. We noted that the meeting took place.",
    "missed": "Thank you. We noted that the meeting did not take place.",
    "move": "Your meeting has a new time. All of you get a new calendar invitation.",
    "cancel": "It is cancelled. All whom this concerns are told by mail.",
}
REFUSALS = (
    core.sessions.SessionOver,
    core.sessions.StaleSequence,
    core.sessions.NotYet,
    core.sessions.TooLate,
    core.sessions.SlotTaken,
)


class NotUnderstood(Refused):
    """What the form sent is not one of its own answers."""

    status = 422
    code = "not-understood"


@dataclass(frozen=True)
class _Wish:
    """What the form asks for; `starts_at` is given for a move only."""

    action: str
    session_id: SessionId
    sequence: int
    starts_at: datetime | None


@dataclass(frozen=True)
class _Circle:
    """Who else takes part in the circle's open meeting, by their names, and how often the circle meets."""

    others: Sequence[str]
    cadence: Cadence


async def show(request: Request, link: Link, tx: api.Reading) -> HTMLResponse:
    return await _page(request, link, tx.conn, tx.now)


async def act(request: Request, link: Link, form: forms.FilledIn, tx: api.InTx) -> HTMLResponse:
    """It happened, it did not, it moves, it is off: one session, one answer."""
    try:
        wish = _wish(form)
        async with tx.savepoint():
            await _do(tx, link, wish)
    except (NotUnderstood, *REFUSALS) as refused:
        return await _page(request, link, tx.conn, tx.now, refused=refused)
    return await _page(request, link, tx.conn, tx.now, done=wish.action)


def _wish(form: dict[str, str]) -> _Wish:
    """Raises NotUnderstood."""
    action, slot = form.get("action", ""), form.get("slot", "")
    if action not in DONE:
        raise NotUnderstood("Please use one of the buttons of this page.")
    try:
        session_id, sequence = SessionId(UUID(form.get("session_id", ""))), int(form.get("sequence", ""))
    except ValueError as error:
        raise NotUnderstood("Please use one of the buttons of this page.") from error
    if action != "move":
        return _Wish(action, session_id, sequence, None)
    try:
        starts_at = datetime.fromisoformat(slot)
    except ValueError as error:
        wrong = FieldError("slot", "Choose one of the times.")
        raise NotUnderstood("Choose one of the times.", [wrong]) from error
    if starts_at.tzinfo is None:
        raise NotUnderstood("Please choose one of the times of this page.")
    return _Wish(action, session_id, sequence, starts_at)


async def _do(tx: Tx, link: auth.SignedLink, wish: _Wish) -> None:
    """Raises NotFound for a session of another pair, and what `commands.sessions` raises."""
    session_id, sequence, by = wish.session_id, wish.sequence, PersonId(link.audience)
    await _refuse_others(tx.conn, link, session_id)
    if wish.action == "happened":
        await commands.sessions.complete(tx, session_id, sequence, by=by)
    elif wish.action == "missed":
        await commands.sessions.miss(tx, session_id, sequence, by=by)
    elif wish.starts_at is not None:
        await commands.sessions.move(tx, session_id, sequence, wish.starts_at, by=by)
    else:
        await commands.sessions.cancel(tx, session_id, sequence, by=by, reason="participant")


async def _refuse_others(conn: Connection, link: auth.SignedLink, session_id: SessionId) -> None:
    """Raises NotFound for a session of another pair; to the mentor of a circle all of its pairs are open."""
    match_id = await store.sessions.get_match_id(conn, session_id)
    if match_id == link.subject:
        return
    mine, other = [await store.agreements.get(conn, MatchId(one)) for one in (link.subject, match_id)]
    circle = mine.group_id is not None and mine.group_id == other.group_id
    if not circle or link.audience != mine.mentor_id:
        raise NotFound("This session belongs to another pair.")


async def _coming(
    conn: Connection,
    agreement: core.agreements.Agreement,
    sessions: Sequence[core.sessions.Session],
    person_id: PersonId,
) -> core.sessions.Session | None:
    """The pair's open session; for the mentor of a circle that of any of its pairs, if this one has none."""
    own = next((one for one in sessions if one.state == "scheduled"), None)
    if own is not None or agreement.group_id is None or person_id != agreement.mentor_id:
        return own
    found = await store.circles.find_open(conn, agreement.group_id)
    return None if found is None else await store.sessions.get(conn, found)


async def _circle(
    conn: Connection,
    agreement: core.agreements.Agreement,
    coming: core.sessions.Session | None,
    person_id: PersonId,
) -> _Circle | None:
    """What the page says of the circle, where the pair belongs to one."""
    if agreement.group_id is None:
        return None
    names: list[str] = []
    if coming is not None and coming.meeting_id is not None:
        known = (person_id, agreement.partner_of(person_id))
        names = await store.circles.companions(conn, coming.meeting_id, known)
    cadences = await store.circles.cadences(conn, agreement.group_id)
    return _Circle(names, core.circles.rarest([*cadences, agreement.terms.cadence]))


async def _page(
    request: Request,
    link: auth.SignedLink,
    conn: Connection,
    now: datetime,
    *,
    done: str | None = None,
    refused: Refused | None = None,
) -> HTMLResponse:
    """The page as it is now; `done` is what was just done. Raises NotFound, NotOfThisPair."""
    agreement = await store.agreements.get(conn, MatchId(link.subject))
    person_id = PersonId(link.audience)
    partner = await store.people.get_person(conn, agreement.partner_of(person_id))
    sessions = await store.sessions.of_match(conn, agreement.match_id)
    coming = await _coming(conn, agreement, sessions, person_id)
    circle = await _circle(conn, agreement, coming, person_id)
    said = DONE if circle is None else DONE_IN_CIRCLE
    return look.page(
        request.app.state.look,
        "pair.html",
        refused.status if refused else 200,
        agreement=agreement,
        me=await store.people.get_person(conn, person_id),
        partner=partner,
        programme=await store.people.get_programme_name(conn, agreement.programme_id),
        coming=coming,
        offers=(await commands.sessions.offers(conn, coming.session_id, now)).slots if coming else [],
        begun=coming is not None and coming.starts_at <= now,
        waiting=await store.bookings.find(conn, agreement.match_id),
        past=[one for one in reversed(sessions) if one.state != "scheduled"],
        told=await store.feedback.about(conn, agreement.match_id, person_id),
        circle=circle,
        role=agreement.role_of(person_id),
        done=said[done] if done else None,
        errors=forms.errors_of(refused) if refused else {},
        problem=refused.detail if refused and not refused.errors else None,
        words=words,
    )

"""The feedback form: what went well, what to improve, encouragement, and who may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from services.scheduling import commands, core, store
from services.scheduling.core.ids import PersonId, SessionId
from services.scheduling.pages import forms, words
from shared import api, auth, look
from shared.tx import Connection

Link = Annotated[auth.SignedLink, Depends(auth.signed("feedback"))]
GIVEN = "You have given your feedback on this session. Thank you."


async def show(request: Request, link: Link, tx: api.Reading) -> HTMLResponse:
    await _refuse_given(tx.conn, link)
    return await _page(request, link, tx.conn, "feedback.html")


async def give(request: Request, link: Link, form: forms.FilledIn, tx: api.InTx) -> HTMLResponse:
    """Takes the feedback, once; what needs another look comes back with all that was typed."""
    session_id, author_id = SessionId(link.subject), PersonId(link.audience)
    await _refuse_given(tx.conn, link)
    _, session = await commands.feedback.opened(tx.conn, session_id, author_id)
    try:
        given = core.feedback.read_form(form, ordinal=session.ordinal)
    except core.feedback.FeedbackWrong as wrong:
        errors = forms.errors_of(wrong)
        return await _page(
            request, link, tx.conn, "feedback.html", status=wrong.status, form=form, errors=errors
        )
    await auth.use_once(tx, link)
    await commands.feedback.give(tx, session_id, author_id, given)
    return await _page(request, link, tx.conn, "thanks.html", form={"share": given.share})


async def _refuse_given(conn: Connection, link: auth.SignedLink) -> None:
    """Raises LinkUsed, also for a second link to the same form."""
    if await store.feedback.is_given(conn, SessionId(link.subject), PersonId(link.audience)):
        raise auth.LinkUsed(GIVEN)


async def _page(
    request: Request,
    link: auth.SignedLink,
    conn: Connection,
    name: str,
    *,
    status: int = 200,
    form: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Raises NotFound, NotOfThisPair, FeedbackNotOpen."""
    author_id = PersonId(link.audience)
    agreement, session = await commands.feedback.opened(conn, SessionId(link.subject), author_id)
    me = await store.people.get_person(conn, author_id)
    partner = await store.people.get_person(conn, agreement.partner_of(author_id))
    return look.page(
        request.app.state.look,
        name,
        status,
        me=me,
        partner=partner,
        session=session,
        form=form or {},
        errors=errors or {},
        rules=core.feedback,
        words=words,
    )

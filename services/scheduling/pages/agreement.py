"""The page on which a pair agrees: hours per month, cadence, focus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from services.scheduling import commands, core, store
from services.scheduling.core.ids import MatchId, PersonId
from services.scheduling.pages import forms, words
from shared import api, auth, look
from shared.errors import Refused
from shared.tx import Connection

Link = Annotated[auth.SignedLink, Depends(auth.signed("agreement"))]


async def show(request: Request, link: Link, tx: api.Reading) -> HTMLResponse:
    return await _page(request, link, tx.conn)


async def confirm(request: Request, link: Link, form: forms.FilledIn, tx: api.InTx) -> HTMLResponse:
    """One side's word for the terms in the form."""
    version = form.get("version", "")
    try:
        terms = core.agreements.terms_from(
            form.get("hours_per_month", ""), form.get("cadence", ""), form.get("focus", "")
        )
        async with tx.savepoint():
            await commands.agreements.confirm(
                tx,
                MatchId(link.subject),
                PersonId(link.audience),
                terms,
                seen_version=int(version) if version.isascii() and version.isdigit() else 0,
            )
    except core.agreements.TermsWrong as wrong:
        return await _page(request, link, tx.conn, typed=form, refused=wrong)
    except (
        core.agreements.StaleTerms,
        core.agreements.AlreadyAgreed,
        core.agreements.PairEnded,
    ) as refused:
        return await _page(request, link, tx.conn, refused=refused)
    return await _page(request, link, tx.conn)


async def _page(
    request: Request,
    link: auth.SignedLink,
    conn: Connection,
    *,
    typed: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> HTMLResponse:
    """The page as it is now; with `typed` the form as it was filled in. Raises NotFound, NotOfThisPair."""
    agreement = await store.agreements.get(conn, MatchId(link.subject))
    person_id = PersonId(link.audience)
    partner = await store.people.get_person(conn, agreement.partner_of(person_id))
    terms = agreement.terms
    current = {"hours_per_month": terms.hours_per_month, "cadence": terms.cadence, "focus": terms.focus}
    return look.page(
        request.app.state.look,
        "agreement.html",
        refused.status if refused else 200,
        agreement=agreement,
        role=agreement.role_of(person_id),
        partner=partner,
        programme=await store.people.get_programme_name(conn, agreement.programme_id),
        mine=agreement.confirmed_by(person_id),
        theirs=agreement.confirmed_by(partner.person_id),
        form=current if typed is None else typed,
        errors=forms.errors_of(refused) if refused else {},
        problem=refused.detail if refused and not refused.errors else None,
        words=words,
    )

"""The page of one fact that waits for an administrator, and what is decided about it."""

from __future__ import annotations

from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.matching import commands, store
from services.matching.core.facts import Kept
from services.matching.desk.house import House, link
from services.matching.desk.incoming import may_write, reader, writer
from shared.errors import NotFound
from shared.tx import Tx, snapshot


async def show(house: House, request: Request) -> Response:
    """One fact, and what can be decided about it."""
    reader(request)
    async with snapshot(house.door) as conn:
        one = await store.facts.get(conn, _fact_id(request))
        person = None if one.person_id is None else await store.people.find(conn, one.person_id)
    if request.method == "POST":
        return await _decided(house, request, one)
    return house.page("fact.html", one=one, person=person, writes=may_write(request))


async def _decided(house: House, request: Request, one: Kept) -> Response:
    by = writer(request).id
    form = await request.form()
    deed, fact_id = str(form.get("deed", "")), one.heard.arrival
    async with house.writing(by) as tx:
        match deed:
            case "again":
                after = await commands.ruling.give(tx, fact_id, None)
            case "give":
                after = await commands.ruling.give(tx, fact_id, await _numbered(tx, form))
            case "drop":
                after = await commands.ruling.drop(tx, fact_id, by=by)
            case "cancel":
                after = await commands.ruling.cancel(tx, fact_id, by=by)
            case _:
                raise NotFound("There is nothing like that to decide. Please go back to the fact.")
    if after.state in ("held", "rejected"):
        return RedirectResponse(link(f"people/facts/{fact_id}", again=1), 303)
    about = after.person_id
    return RedirectResponse(link(f"people/{about}" if about else "people"), 303)


async def _numbered(tx: Tx, form: FormData) -> UUID:
    """Whose number was typed. Raises NotFound."""
    number = str(form.get("employee_number", "")).strip()
    found = await store.people.by_numbers(tx.conn, [number])
    if number not in found:
        raise NotFound(f"Nobody has the number {number[:60] or '–'}. Please go back and try another one.")
    return found[number].id


def _fact_id(request: Request) -> int:
    text = str(request.path_params["fact_id"])
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound("There is no such page. Please go back to the list.")
    return int(text)

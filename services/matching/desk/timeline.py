"""The page of one person: how they stand, why, what is announced, and every word that was said about them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from services.matching import store
from services.matching.core.facts import Kept
from services.matching.core.meeting import Someone
from services.matching.core.people import Person
from services.matching.desk.house import House, as_id
from services.matching.desk.incoming import may_write, reader
from shared.tx import Connection, snapshot

LINES_SHOWN = 200


@dataclass(frozen=True)
class View:
    """`boss` is the manager, `cut` somebody named as manager who is left out because of a circle."""

    someone: Someone
    boss: Person | None
    cut: Person | None
    lines: list[Kept]

    @property
    def coming(self) -> list[Kept]:
        """What is announced, the next first."""
        dated = [(one.due_at, one.heard.arrival, one) for one in self.lines if one.due_at is not None]
        return [one for _, _, one in sorted(dated, key=lambda each: each[:2]) if one.state == "waiting"]


async def show(house: House, request: Request) -> Response:
    reader(request)
    async with snapshot(house.door) as conn:
        view = await _view(conn, request)
    return house.page("person.html", view=view, writes=may_write(request), shown=LINES_SHOWN)


async def _view(conn: Connection, request: Request) -> View:
    someone = await store.standings.get(conn, as_id(request, "person_id"))
    bosses = {one for one in (someone.person.manager_id, someone.cut_id) if one is not None}
    people = {one.id: one for one in await store.people.by_ids(conn, sorted(bosses))}
    return View(
        someone=someone,
        boss=people.get(someone.person.manager_id) if someone.person.manager_id else None,
        cut=people.get(someone.cut_id) if someone.cut_id else None,
        lines=await store.facts.of_person(conn, someone.id, before=None, limit=LINES_SHOWN),
    )

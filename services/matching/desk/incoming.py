"""The page People in: the sources, what waits for an administrator, and finding somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.matching import commands, store
from services.matching.core.facts import Kept
from services.matching.core.guard import Hold
from services.matching.core.ids import PersonId
from services.matching.core.people import Person
from services.matching.core.sources import Source
from services.matching.desk.house import House, as_id, link
from services.matching.hris import credentials
from services.matching.store.incoming import Found
from shared import auth
from shared.tx import Connection, snapshot

READS, WRITES = "people:read", "people:write"
LINES_SHOWN = 50
FOUND_SHOWN = 30
NAMES_SHOWN = 8
DOORS: Mapping[str, str] = {
    "scim": "SCIM",
    "webhook": "Webhook",
    "csv": "Files",
    "feed": "Kafka feed",
    "desk": "By hand",
}


@dataclass(frozen=True)
class SourceLine:
    """A source, whether it is silent, and what became of today's facts of it."""

    source: Source
    door: str
    silent: bool
    today: int
    held: int
    rejected: int


@dataclass(frozen=True)
class View:
    sources: Sequence[SourceLine]
    holds: Sequence[tuple[Hold, Sequence[Person]]]
    held: Sequence[Kept]
    rejected: Sequence[Kept]
    names: Mapping[PersonId, str]
    found: Sequence[Found]


def may_write(request: Request) -> bool:
    caller: auth.Caller = request.state.caller
    return caller.may(WRITES)


def reader(request: Request) -> auth.Caller:
    """Who looks. Raises Forbidden where the token does not read people."""
    return _caller(request, READS, "look at people")


def writer(request: Request) -> auth.Caller:
    """Who decides. Raises Forbidden where the token does not change people."""
    return _caller(request, WRITES, "change people")


def _caller(request: Request, scope: str, deed: str) -> auth.Caller:
    caller: auth.Caller = request.state.caller
    if not caller.may(scope):
        raise auth.Forbidden(f"Your token may not {deed}: it needs the scope {scope}.")
    return caller


async def overview(house: House, request: Request) -> Response:
    reader(request)
    sought = str(request.query_params.get("q", "")).strip()[:80]
    async with snapshot(house.door) as conn:
        view = await _view(conn, sought, now=house.door.clock.now())
    return house.page(
        "people.html",
        view=view,
        sought=sought,
        writes=may_write(request),
        shown=LINES_SHOWN,
        named=NAMES_SHOWN,
    )


async def decide(house: House, request: Request) -> Response:
    """Too many were ended at once: they have left, or it was a mistake."""
    by = writer(request)
    hold_id = as_id(request, "hold_id")
    form = await request.form()
    rule = commands.ruling.confirm if form.get("decision") == "confirm" else commands.ruling.dismiss
    async with house.writing(by.id) as tx:
        await rule(tx, hold_id, by=by.id)
    return RedirectResponse(link("people"), 303)


async def _view(conn: Connection, sought: str, *, now: datetime) -> View:
    held, rejected = [
        await store.facts.in_state(conn, state, None, before=None, limit=LINES_SHOWN)
        for state in ("held", "rejected")
    ]
    about = {one.person_id for one in (*held, *rejected) if one.person_id is not None}
    people = await store.people.by_ids(conn, sorted(about))
    return View(
        sources=_lines(await store.sources.every(conn), await store.incoming.counts(conn, _midnight(now))),
        holds=[(one, await store.holds.who(conn, one.id)) for one in await store.holds.open_ones(conn)],
        held=held,
        rejected=rejected,
        names={one.id: one.name for one in people},
        found=await store.incoming.search(conn, sought, FOUND_SHOWN) if sought else (),
    )


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _lines(sources: Sequence[Source], counts: Mapping[str, Mapping[str, int]]) -> list[SourceLine]:
    wall = credentials.wall_now()
    return [
        SourceLine(
            source=one,
            door=DOORS[one.kind],
            silent=one.is_silent(wall),
            today=sum(counts.get(one.name, {}).values()),
            held=counts.get(one.name, {}).get("held", 0),
            rejected=counts.get(one.name, {}).get("rejected", 0),
        )
        for one in sources
    ]

"""The page People in: the sources, what waits for an administrator, and finding somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from services.matching import store
from services.matching.core.sources import Source
from services.matching.desk.house import House
from services.matching.hris import credentials
from services.matching.store.incoming import Found, Hold, Line
from shared import auth
from shared.tx import snapshot

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
    holds: Sequence[Hold]
    held: Sequence[Line]
    rejected: Sequence[Line]
    found: Sequence[Found]


def may_write(request: Request) -> bool:
    caller: auth.Caller = request.state.caller
    return caller.may(WRITES)


def reader(request: Request) -> auth.Caller:
    """Who looks. Raises Forbidden where the token does not read people."""
    caller: auth.Caller = request.state.caller
    if not caller.may(READS):
        raise auth.Forbidden(f"Your token may not look at people: it needs the scope {READS}.")
    return caller


async def overview(house: House, request: Request) -> Response:
    reader(request)
    sought = str(request.query_params.get("q", "")).strip()[:80]
    now = house.door.clock.now()
    async with snapshot(house.door) as conn:
        view = View(
            sources=_lines(
                await store.sources.every(conn), await store.incoming.counts(conn, _midnight(now))
            ),
            holds=await store.incoming.holds(conn, NAMES_SHOWN),
            held=await store.incoming.in_state(conn, "held", LINES_SHOWN),
            rejected=await store.incoming.in_state(conn, "rejected", LINES_SHOWN),
            found=await store.incoming.search(conn, sought, FOUND_SHOWN) if sought else (),
        )
    return house.page("people.html", view=view, sought=sought, writes=may_write(request), shown=LINES_SHOWN)


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

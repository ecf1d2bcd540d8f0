"""What every page of the desk needs: the store, the templates, the addresses of the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.matching import store
from services.matching.commands.projection import Projections
from services.matching.core.people import Person
from services.matching.core.runs import Run
from shared import look
from shared.errors import NotFound, Transient
from shared.tx import Connection, Door, Tx, transaction

PATH = "/desk"
FOLDER = Path(__file__).parents[1]
DASH = "–"


@dataclass(frozen=True)
class House:
    door: Door
    env: jinja2.Environment
    kept: Projections

    def page(self, name: str, status: int = 200, /, **context: object) -> HTMLResponse:
        return look.page(self.env, f"desk/{name}", status, **context)

    @asynccontextmanager
    async def writing(self, by: str) -> AsyncIterator[Tx]:
        """The transaction of a token's decision. Raises Transient as long as nobody has told the time."""
        if not self.door.clock.told:
            raise Transient("the time has not been told yet")
        async with transaction(self.door) as tx:
            await tx.act_as(f"token {by}")
            yield tx


async def mentors(conn: Connection, programme_id: UUID) -> list[Person]:
    """The mentors of a programme by name."""
    found = await store.people.by_ids(conn, await store.desk.mentors(conn, programme_id))
    return sorted(found, key=lambda one: (one.name, one.card.employee_number))


async def newest_runs(conn: Connection, programme_id: UUID, limit: int) -> list[Run]:
    """The rounds of a programme, the newest first."""
    ids = await store.desk.newest_runs(conn, programme_id, limit)
    return [await store.runs.get(conn, run_id) for run_id in ids]


def environment() -> jinja2.Environment:
    env = look.environment(FOLDER)
    env.filters.update(signed=signed, score=score, percent=percent, whole=whole, moment=moment)
    env.globals.update(link=link)
    return env


def link(page: str = "", /, **query: object) -> str:
    """The address of a page of the desk; parameters that are None or empty are left out."""
    said = {name: str(value) for name, value in query.items() if value is not None and value != ""}
    return f"{PATH}/{page}" + (f"?{urlencode(said)}" if said else "")


def as_id(request: Request, name: str) -> UUID:
    """An id in the address. Raises NotFound."""
    try:
        return UUID(str(request.path_params[name]))
    except ValueError as error:
        raise NotFound("There is no such page. Please go back to the list of programmes.") from error


def score(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"


def signed(value: float) -> str:
    return "0.00" if abs(value) < 0.005 else f"{value:+.2f}".replace("-", "−")


def percent(value: float | None) -> str:
    return DASH if value is None else f"{value * 100:.0f} %"


def whole(value: int | None) -> str:
    return DASH if value is None else f"{value:,}".replace(",", " ")


def moment(value: object) -> str:
    """A time in UTC, as "2 March 2026, 09:00"."""
    return DASH if value is None else f"{value:%-d %B %Y, %H:%M}"

"""The time zones of sites, for people of whom only the site is known."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.matching import core, store
from services.matching.store.sites import SITES_MAX, SiteZone
from shared import api, auth
from shared.errors import FieldError, NotFound, Refused

PREFIX = "/v1/hris/sites"
Site = Annotated[str, Path(min_length=1, max_length=core.roster.CELL_CHARACTERS_MAX)]


class UnknownZone(Refused):
    status = 422
    code = "unknown-time-zone"


class TooManySites(Refused):
    code = "too-many-sites"


class SiteIn(api.Body):
    """`time_zone` is a name of the IANA list, such as Europe/Madrid."""

    time_zone: Annotated[str, Field(min_length=1, max_length=60)]


class SiteOut(BaseModel):
    site: str
    time_zone: str
    changed_at: AwareDatetime


class Sites(BaseModel):
    items: list[SiteOut]


async def list_sites(read: api.Reading) -> Sites:
    """All of them, in the order of their names."""
    found = await store.sites.every(read.conn)
    return Sites(items=[SiteOut.model_validate(one, from_attributes=True) for one in found])


async def put_site(site: Site, body: SiteIn, tx: api.InTx) -> SiteOut:
    """Says which time zone a site has. Sites are the same when they differ in case or blanks alone."""
    if body.time_zone not in available_timezones():
        wrong = FieldError("/time_zone", "is no time zone of the IANA list, such as Europe/Madrid")
        raise UnknownZone(
            f"{body.time_zone} is no time zone of the IANA list, such as Europe/Madrid", [wrong]
        )
    if await store.sites.count(tx.conn) >= SITES_MAX:
        raise TooManySites(f"there are {SITES_MAX} sites already: remove some first")
    made = SiteZone(" ".join(site.split()), body.time_zone, tx.now)
    await store.sites.put(tx.conn, core.roster.site_key(site), made)
    return SiteOut.model_validate(made, from_attributes=True)


async def remove_site(site: Site, tx: api.InTx) -> Response:
    """People who are there keep their time zone."""
    if not await store.sites.remove(tx.conn, core.roster.site_key(site)):
        raise NotFound(f"no time zone is known of the site {site}")
    return Response(status_code=204)


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(prefix=PREFIX, tags=["sites"], dependencies=[Depends(auth.requires("hris:admin"))])
    writing.put("/{site:path}")(put_site)
    writing.delete("/{site:path}", status_code=204, response_class=Response)(remove_site)
    reading = api.router(prefix=PREFIX, tags=["sites"], dependencies=[Depends(auth.requires("people:read"))])
    reading.get("")(list_sites)
    return writing, reading

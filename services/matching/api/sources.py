"""Where HR facts come from: sources, and the tokens and secrets that open their doors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AwareDatetime, BaseModel, Field

from services.matching import core, store
from services.matching.core.sources import Credential, Kind, Opener, Scope, Source
from services.matching.hris import checking, credentials
from shared import api, auth
from shared.api import context

PREFIX = "/v1/hris"
NAME = r"^[a-z][a-z0-9-]{0,39}$"

Name = Annotated[str, Path(pattern=NAME)]
Precedence = Annotated[int, Field(ge=0, le=1000)]
FieldName = Annotated[str, Field(pattern="^[a-z_]{1,40}$")]
Days = Annotated[int | None, Field(ge=1, le=core.sources.TOKEN_DAYS_MAX)]


class SourceIn(api.Body):
    """Of two sources that contradict each other the one with the smaller `precedence` wins. A source that has
    said nothing for `silent_after_hours` is reported. `precedence_by_field` is for fields for which another
    order holds, `{"title": 5}`."""

    name: Annotated[str, Field(pattern=NAME)]
    kind: Kind
    precedence: Precedence = 100
    precedence_by_field: Annotated[dict[FieldName, Precedence], Field(max_length=20, default_factory=dict)]
    silent_after_hours: Annotated[int | None, Field(ge=1, le=8760)] = None


class SourceOut(BaseModel):
    """Contact is any request that was let in, success one that was kept; both are noted every few seconds."""

    name: str
    kind: Kind
    precedence: int
    precedence_by_field: dict[str, int]
    silent_after_hours: int | None
    silent: bool
    created_at: AwareDatetime
    retired_at: AwareDatetime | None
    last_contact_at: AwareDatetime | None
    last_success_at: AwareDatetime | None


class Sources(BaseModel):
    items: list[SourceOut]


class CheckOut(BaseModel):
    """One thing that has to work; `detail` says how it is, or what to do."""

    name: str
    ok: bool
    detail: str


class ConnectionTest(BaseModel):
    source: str
    ok: bool
    checks: list[CheckOut]


class Retried(BaseModel):
    """How many facts wait again to be taken over."""

    retried: int


class CreateIn(api.Body):
    """For how many days it is valid; without, a token for a year and a secret for good."""

    days: Days = None


class RotateIn(CreateIn):
    """For how many hours the one in use stays valid beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=core.sources.OVERLAP_HOURS_MAX)] = core.sources.OVERLAP_HOURS


class CredentialOut(BaseModel):
    """A token or a secret, without what is secret of it."""

    id: UUID
    source: str
    kind: Opener
    scope: Scope
    live: bool
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class CredentialMade(CredentialOut):
    """`value` is the token or secret itself. It is shown this once and cannot be found out again."""

    value: str


class Credentials(BaseModel):
    items: list[CredentialOut]


async def create_source(body: SourceIn, tx: api.InTx) -> SourceOut:
    source = credentials.new_source(
        body.name,
        body.kind,
        precedence=body.precedence,
        silent_after_hours=body.silent_after_hours,
        by_field=body.precedence_by_field,
    )
    await credentials.create_source(tx, source)
    return _source_out(source)


async def list_sources(read: api.Reading) -> Sources:
    """All of them, in the order in which they win; retired ones last."""
    return Sources(items=[_source_out(one) for one in await store.sources.every(read.conn)])


async def revoke_source(name: Name, tx: api.InTx) -> SourceOut:
    """Closes a source's door for good, with all its tokens and secrets. What it said stays."""
    return _source_out(await credentials.retire_source(tx, name))


async def check_source(name: Name, request: Request, read: api.Reading) -> ConnectionTest:
    """Whether a source can come in, was heard of and is taken over: what works, and how to mend the rest."""
    source = await store.sources.get(read.conn, name)
    broker_ok = context.of(request).progress.broker_ok
    around = checking.Around(auth.keys_of(request).link_key, credentials.wall_now(), broker_ok)
    found = await checking.checks(read.conn, source, around)
    checks = [CheckOut(name=one.name, ok=one.ok, detail=one.detail) for one in found]
    return ConnectionTest(source=name, ok=all(one.ok for one in found), checks=checks)


async def retry_source(name: Name, tx: api.InTx) -> Retried:
    """Facts of a source that were stored and could not be taken over are tried again."""
    await store.sources.get(tx.conn, name)
    return Retried(retried=await store.received.retry(tx.conn, name))


def _of(kind: Opener) -> tuple[Callable[..., Awaitable[BaseModel]], ...]:
    """The routes of tokens, or of secrets: create, list, rotate, revoke."""

    async def create(name: Name, body: CreateIn, tx: api.InTx, request: Request) -> CredentialMade:
        key = auth.keys_of(request).link_key
        return _made_out(await credentials.create(tx, name, kind, key=key, days=body.days))

    async def listed(name: Name, read: api.Reading) -> Credentials:
        await store.sources.get(read.conn, name)
        found = await store.sources.credentials(read.conn, name, kind)
        return Credentials(items=[_credential_out(one) for one in found])

    async def rotate(name: Name, body: RotateIn, tx: api.InTx, request: Request) -> CredentialMade:
        key, overlap = auth.keys_of(request).link_key, timedelta(hours=body.overlap_hours)
        made = await credentials.rotate(tx, name, kind, key=key, days=body.days, overlap=overlap)
        return _made_out(made)

    async def revoke(credential_id: UUID, tx: api.InTx) -> CredentialOut:
        return _credential_out(await credentials.revoke(tx, credential_id, kind))

    create.__doc__ = f"A new {kind}. Two can be live at a time."
    listed.__doc__ = f"The {kind}s of a source, the newest first, ended ones too."
    rotate.__doc__ = f"A new {kind}; the one in use stays valid for the overlap, an older one ends at once."
    revoke.__doc__ = f"Ends a {kind} at once."
    return create, listed, rotate, revoke


def _source_out(source: Source) -> SourceOut:
    return SourceOut(
        name=source.name,
        kind=source.kind,
        precedence=source.precedence,
        precedence_by_field=dict(source.by_field),
        silent_after_hours=source.silent_after_hours,
        silent=source.is_silent(credentials.wall_now()),
        created_at=source.created_at,
        retired_at=source.retired_at,
        last_contact_at=source.last_contact_at,
        last_success_at=source.last_success_at,
    )


def _credential_out(one: Credential) -> CredentialOut:
    return CredentialOut(
        id=one.id,
        source=one.source,
        kind=one.kind,
        scope=one.scope,
        live=one.is_live(credentials.wall_now()),
        created_at=one.created_at,
        expires_at=one.expires_at,
        revoked_at=one.revoked_at,
    )


def _made_out(made: credentials.Made) -> CredentialMade:
    return CredentialMade(**_credential_out(made.credential).model_dump(), value=made.value)


def routers() -> tuple[APIRouter, ...]:
    guard = Depends(auth.requires("hris:admin"))
    sources = api.router(prefix=PREFIX, tags=["hris"], dependencies=[guard])
    sources.post("/sources", status_code=201)(create_source)
    sources.get("/sources")(list_sources)
    sources.post("/sources/{name}/revoke")(revoke_source)
    sources.get("/sources/{name}/test")(check_source)
    sources.post("/sources/{name}/retry")(retry_source)
    # No idempotency keys here: their answers are kept, and these must not be.
    openers = APIRouter(prefix=PREFIX, tags=["hris"], dependencies=[guard])
    kinds: tuple[Opener, ...] = ("token", "secret")
    for kind in kinds:
        create, listed, rotate, revoke = _of(kind)
        openers.post(f"/sources/{{name}}/{kind}s", status_code=201, name=f"create_{kind}")(create)
        openers.get(f"/sources/{{name}}/{kind}s", name=f"list_{kind}s")(listed)
        openers.post(f"/sources/{{name}}/{kind}s/rotate", status_code=201, name=f"rotate_{kind}")(rotate)
        openers.post(f"/{kind}s/{{credential_id}}/revoke", name=f"revoke_{kind}")(revoke)
    return sources, openers

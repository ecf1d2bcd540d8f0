"""Sources, and what opens their doors: made, rotated, ended. What is secret is told once, when it is made.

The times are wall time, also where the company's clock is stepped: who may come in is no matter of the story.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.matching import core, store
from services.matching.core.sources import Credential, Kind, Opener, Source
from services.matching.hris import sealing
from shared import auth, envelope
from shared.clock import WallClock
from shared.errors import Refused
from shared.tx import Tx

BEGINNINGS: Mapping[Opener, str] = {"token": "mth_", "secret": "whsec_"}
SECRET_BYTES = 32


class SourceExists(Refused):
    code = "source-exists"


class SourceRetired(Refused):
    code = "source-retired"


class NoSuchDoor(Refused):
    status = 422
    code = "no-such-door"


class TwoAreLive(Refused):
    code = "two-are-live"


@dataclass(frozen=True)
class Made:
    """A new credential, and the text that is shown this once."""

    credential: Credential
    value: str


def wall_now() -> datetime:
    return WallClock().now()


async def create_source(tx: Tx, source: Source) -> None:
    """Raises SourceExists."""
    if not await store.sources.add(tx.conn, source):
        raise SourceExists(f"there is a source {source.name} already: choose another name, or use that one")


def new_source(
    name: str,
    kind: Kind,
    *,
    precedence: int = 100,
    silent_after_hours: int | None = None,
    by_field: Mapping[str, int] | None = None,
) -> Source:
    return Source(name, kind, precedence, wall_now(), None, None, None, silent_after_hours, by_field or {})


async def retire_source(tx: Tx, name: str) -> Source:
    """Nobody comes in by its door any more; what it said stays. Raises NotFound."""
    source = await store.sources.lock(tx.conn, name)
    if source.retired_at is None:
        now = wall_now()
        await store.sources.retire(tx.conn, name, now)
        await store.sources.revoke_all(tx.conn, name, now)
    return await store.sources.get(tx.conn, name)


async def create(tx: Tx, source: str, kind: Opener, *, key: str, days: int | None) -> Made:
    """A token or a secret for a source. Raises NotFound, SourceRetired, NoSuchDoor, TwoAreLive.

    `key` is the deployment's, with which secrets are sealed; a secret without `days` is for good.
    """
    found = await _opening(tx, source, kind)
    now = wall_now()
    live = core.sources.live(await store.sources.credentials(tx.conn, source, kind), now)
    if len(live) >= core.sources.LIVE_MAX:
        raise TwoAreLive(f"{source} has two live {kind}s already: rotate them, or revoke one first")
    return await _make(tx, found, kind, key=key, ends_at=_ends_at(now, kind, days))


async def rotate(
    tx: Tx, source: str, kind: Opener, *, key: str, days: int | None, overlap: timedelta
) -> Made:
    """A new one; the newest of the old ones is valid for the overlap, any other ends now.

    Raises NotFound, SourceRetired, NoSuchDoor.
    """
    found = await _opening(tx, source, kind)
    now = wall_now()
    known = await store.sources.credentials(tx.conn, source, kind)
    await store.sources.end_credentials(tx.conn, core.sources.rotated(known, now=now, overlap=overlap))
    return await _make(tx, found, kind, key=key, ends_at=_ends_at(now, kind, days))


async def revoke(tx: Tx, credential_id: UUID, kind: Opener) -> Credential:
    """It opens nothing any more, from the next request on. Raises NotFound."""
    return await store.sources.revoke_credential(tx.conn, credential_id, kind, wall_now())


async def _opening(tx: Tx, name: str, kind: Opener) -> Source:
    source = await store.sources.lock(tx.conn, name)
    if source.retired_at is not None:
        raise SourceRetired(f"{name} is retired: create a new source")
    if kind == "secret" and source.kind != "webhook":
        raise NoSuchDoor(f"only a webhook signs with a secret, and {name} is of the kind {source.kind}")
    if source.kind not in core.sources.SCOPES:
        raise NoSuchDoor(f"{name} is of the kind {source.kind}, which comes in without a token")
    return source


def _ends_at(now: datetime, kind: Opener, days: int | None) -> datetime | None:
    if days is None and kind == "token":
        days = core.sources.TOKEN_DAYS
    return None if days is None else now + timedelta(days=days)


async def _make(tx: Tx, source: Source, kind: Opener, *, key: str, ends_at: datetime | None) -> Made:
    new_id, scope = envelope.new_id(), core.sources.SCOPES[source.kind]
    credential = Credential(new_id, source.name, kind, scope, wall_now(), ends_at, None)
    if kind == "token":
        value = BEGINNINGS[kind] + secrets.token_urlsafe(32)
        await store.sources.add_credential(tx.conn, credential, sha256=auth.hash_token(value))
    else:
        secret = secrets.token_bytes(SECRET_BYTES)
        value = BEGINNINGS[kind] + base64.b64encode(secret).decode()
        sealed = sealing.seal(key, secret, source=source.name, secret_id=new_id)
        await store.sources.add_credential(tx.conn, credential, sealed=sealed)
    return Made(credential, value)

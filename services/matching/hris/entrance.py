"""Lets sources in: the token's source, so many requests a minute, and when it was last heard of.

    source = await entrance.enter(conn, authorization, "scim")
    …
    await entrance.heard(source.name, success=True)

One per application, at `app.state.entrance`. Counts are of one process.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from datetime import timedelta

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from services.matching import store
from services.matching.core.sources import Credential, Scope, Source
from services.matching.hris.credentials import wall_now
from shared import auth
from shared.errors import Refused
from shared.tx import Connection, Door, lent

MARKED_EVERY = timedelta(seconds=5)


class TooManyRequests(Refused):
    status = 429
    code = "too-many-requests"


class Entrance:
    """Who comes in by the doors of HR systems."""

    def __init__(self, door: Door, requests_per_minute_max: int) -> None:
        self._door = door
        self._rate = RateLimitItemPerMinute(requests_per_minute_max)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._marked: dict[tuple[str, bool], float] = {}

    async def enter(self, conn: Connection, authorization: str | None, scope: Scope) -> Source:
        """The source whose token an Authorization header holds.

        Raises Unauthenticated, Forbidden (a token for another door) or TooManyRequests.
        """
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise auth.Unauthenticated("a source's token is needed: Authorization: Bearer mth_…")
        digest = auth.hash_token(token.strip())
        source = await store.sources.find_by_token(conn, digest, scope, wall_now())
        if source is None:
            raise _reason(await store.sources.find_credential_by_token(conn, digest), scope)
        await self.count(source.name)
        return source

    async def count(self, source: str) -> None:
        """Counts a request of a source. Raises TooManyRequests."""
        if await self._limiter.hit(self._rate, source):
            return
        stats = await self._limiter.get_window_stats(self._rate, source)
        wait_s = max(1, round(stats.reset_time - time.time()))
        detail = f"{source} may send {self._rate.amount} requests a minute: send again in {wait_s} s"
        raise TooManyRequests(detail, retry_after_s=wait_s)

    async def heard(self, source: str, *, success: bool, conn: Connection | None = None) -> None:
        """Notes that a source was heard of, and whether what it said was kept; written every few seconds.

        Without `conn` it takes a connection of its own when it writes: what a transaction notes that is
        rolled back is not noted.
        """
        now = time.monotonic()
        last = self._marked.get((source, success))
        if last is not None and now - last < MARKED_EVERY.total_seconds():
            return
        self._marked[source, success] = now
        async with AsyncExitStack() as held:
            own = await held.enter_async_context(lent(self._door)) if conn is None else conn
            await store.sources.mark(own, source, wall_now(), success=success, spacing=MARKED_EVERY)


def of(request: Request) -> Entrance:
    found: Entrance = request.app.state.entrance
    return found


def _reason(found: Credential | None, scope: Scope) -> Refused:
    """Why a token opens nothing, for whoever holds it."""
    if found is None:
        return auth.Unauthenticated("nobody knows this token: make one with `mentoring hris token create`")
    if found.scope != scope:
        return auth.Forbidden(f"this token is for {found.scope}, this door asks for {scope}")
    if found.revoked_at is not None:
        return auth.Unauthenticated("this token was revoked: use the newer one, or make one")
    return auth.Unauthenticated(f"this token ended on {found.expires_at:%d %B %Y}: make a new one")

"""What happens to every request before and after its route: trace, limits, headers, one log line."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import auth, log, tracing
from shared.api import problems
from shared.metrics import Metrics
from shared.settings import Settings

CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics", "/clock", "/quiet"})


class Refusing(Protocol):
    """How a refusal is said; `problems.problem` is how it is said wherever nothing else was agreed."""

    def __call__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> ASGIApp: ...


@dataclass(frozen=True)
class Parts:
    """What is different below a path prefix: `policies` has content security policies, `refusals` how a part
    that speaks a protocol of its own says that a request is too large or comes too often, `bodies` how many
    bytes a request may have."""

    policies: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, Refusing] = field(default_factory=dict)
    bodies: Mapping[str, int] = field(default_factory=dict)


class Edge:
    """ASGI middleware, outermost of ours."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: auth.Keys,
        metrics: Metrics,
        settings: Settings,
        parts: Parts,
    ) -> None:
        self._app = app
        self._keys = keys
        self._metrics = metrics
        self._body_bytes_max = settings.body_bytes_max
        self._rate = RateLimitItemPerMinute(settings.requests_per_minute_max)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._policies = parts.policies
        self._refusals = parts.refusals
        self._bodies = parts.bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with tracing.unit("http", headers.get("traceparent")):
            began = time.perf_counter()
            status = 0
            policy = self._policies.get(self._part(scope["path"]) or "")

            async def dressed(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    dress(MutableHeaders(scope=message), policy)
                await send(message)

            try:
                await self._within_limits(scope, receive, dressed, headers=headers)
            except Exception as error:  # the last resort: whoever asked gets an answer, we get the stack
                log.exception("http", outcome="bug", error=type(error).__name__)
                if status:
                    raise
                await problems.bug(Request(scope))(scope, receive, dressed)
            finally:
                self._tell(scope, status, time.perf_counter() - began)

    async def _within_limits(self, scope: Scope, receive: Receive, send: Send, *, headers: Headers) -> None:
        path = scope["path"]
        refusing = self._refusing(path)
        if path not in QUIET_PATHS and not await self._limiter.hit(self._rate, self._who(scope, headers)):
            stats = await self._limiter.get_window_stats(self._rate, self._who(scope, headers))
            retry = {"Retry-After": str(max(1, round(stats.reset_time - time.time())))}
            answer = refusing(429, "too-many-requests", "too many requests", headers=retry)
            await answer(scope, receive, send)
            return
        length, most = headers.get("content-length", "0"), self._bytes_max(path)
        if not length.isdigit() or int(length) > most:
            detail = f"the body may have {most} bytes"
            answer = refusing(413, "content-too-large", detail, headers={"Connection": "close"})
            await answer(scope, receive, send)
            return
        await self._app(scope, _counted(receive, most), send)

    def _bytes_max(self, path: str) -> int:
        own = (most for prefix, most in self._bodies.items() if path.startswith(prefix))
        return next(own, self._body_bytes_max)

    def _refusing(self, path: str) -> Refusing:
        said = (refusing for prefix, refusing in self._refusals.items() if path.startswith(prefix))
        return next(said, problems.problem)

    def _who(self, scope: Scope, headers: Headers) -> str:
        caller = auth.find_caller(self._keys, headers.get("authorization"))
        client = scope.get("client")
        return caller.id if caller else str(client[0] if client else "unknown")

    def _part(self, path: str) -> str | None:
        """The prefix of the part with a policy of its own to which a path belongs."""
        return next((prefix for prefix in self._policies if path.startswith(prefix)), None)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        part = self._part(scope["path"])
        unrouted = f"{part}/…" if part else "unmatched"
        route = getattr(scope.get("route"), "path", None) or unrouted
        method = scope["method"] if re.fullmatch(r"[A-Z]{3,7}", scope["method"]) else "OTHER"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.request_seconds.labels(method, route).observe(seconds)
        if route not in QUIET_PATHS:
            ms = round(seconds * 1000, 1)
            log.info("http", outcome=outcome(status), method=method, route=route, status=status, ms=ms)


def _counted(receive: Receive, most: int) -> Receive:
    """A body without a length is counted while it comes."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, f"the body may have {most} bytes")
        return message

    return counted


def outcome(status: int) -> str:
    return "ok" if status < 400 else "refused" if status < 500 else "failed"


def dress(headers: MutableHeaders, policy: str | None) -> None:
    """Security headers; a page's own policy and caching stay where its part of the application has them."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", policy or CSP)
    if policy is None:
        headers.setdefault("Cache-Control", "no-store")

"""Who may look at a part of the application made for people: whoever came with a service token for it.

`/console?token=…` (or the form of the page that turns strangers away) is answered with a signed session
cookie and a redirect that takes the token out of the address. Everything below the part's path, pages,
scripts and live connections, needs that cookie; what it says is checked against the tokens again each time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import jinja2
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from shared import auth, look

POLICY_VIOLATION = 1008
TOKEN_BYTES_MAX = 512
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Entrance:
    """How one gets in: the cookie's name, the scope a token needs, the template of the closed door."""

    cookie: str
    scope: str
    closed: str


@dataclass(frozen=True)
class Sessions:
    """Signs and reads an entrance's cookie. Without a link key sessions end with the process."""

    entrance: Entrance
    keys: auth.Keys
    hours: int
    own_key: str = field(default_factory=lambda: secrets.token_hex(32))

    def begin(self, caller: auth.Caller) -> str:
        return str(self._serializer().dumps(caller.id))

    def caller(self, cookie: str | None) -> auth.Caller | None:
        """Whose cookie it is, if it is ours, not too old, and the token still exists and may come in."""
        try:
            caller_id = self._serializer().loads(cookie or "", max_age=self.hours * 3600)
        except BadSignature:
            return None
        known = (auth.Caller(one.id, one.scopes) for one in self.keys.tokens if one.id == caller_id)
        return next((one for one in known if one.may(self.entrance.scope)), None)

    def holder(self, token: str) -> auth.Caller | None:
        """Who holds a token that opens this door."""
        caller = auth.find_caller(self.keys, f"Bearer {token[:TOKEN_BYTES_MAX]}")
        return caller if caller is not None and caller.may(self.entrance.scope) else None

    def _serializer(self) -> URLSafeTimedSerializer:
        signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        key = self.keys.link_key or self.own_key
        return URLSafeTimedSerializer(key, salt=f"mentoring.{self.entrance.cookie}", signer_kwargs=signer)


@dataclass(frozen=True)
class Guard:
    """ASGI application around what is guarded."""

    app: ASGIApp
    sessions: Sessions
    env: jinja2.Environment

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        caller = self.sessions.caller(connection.cookies.get(self.sessions.entrance.cookie))
        if scope["type"] == "websocket":
            if caller is None or not _same_origin(connection):
                await WebSocket(scope, receive, send).close(POLICY_VIOLATION)
                return
        else:
            request = Request(scope, receive)
            answer = await self._answer(request, caller)
            if answer is not None:
                await answer(scope, receive, send)
                return
        scope.setdefault("state", {})["caller"] = caller
        await self.app(scope, receive, send)

    async def _answer(self, request: Request, caller: auth.Caller | None) -> Response | None:
        """What to answer instead of the page: a session for a token, or the closed door."""
        token = request.query_params.get("token")
        if caller is not None and request.method == "POST" and token is None:
            return None if _from_here(request) else self._closed(tried=False)
        if request.method == "POST" and request.headers.get("content-type") == FORM:
            fields = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
            token = fields.get("token", "")
        if token is None:
            return None if caller is not None else self._closed(tried=False)
        holder = self.sessions.holder(token)
        return self._closed(tried=True) if holder is None else self._opened(request, holder)

    def _opened(self, request: Request, caller: auth.Caller) -> Response:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
        target = request.url.path + (f"?{urlencode(kept)}" if kept else "")
        answer = RedirectResponse(target, 303, headers={"Cache-Control": "no-store"})
        answer.set_cookie(
            self.sessions.entrance.cookie,
            self.sessions.begin(caller),
            max_age=self.sessions.hours * 3600,
            path=request.scope.get("root_path") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return answer

    def _closed(self, *, tried: bool) -> Response:
        return look.page(self.env, self.sessions.entrance.closed, 401, tried=tried)


def _from_here(request: Request) -> bool:
    """A form that another site sends in the visitor's name is none of ours. Browsers keep the cookie from
    other sites anyway (SameSite); our pages send no referrer, so the origin is not told."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _same_origin(connection: HTTPConnection) -> bool:
    """A live connection that another site's page opens in the visitor's name is none of ours."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    return hmac.compare_digest(origin.partition("://")[2], connection.headers.get("host", ""))

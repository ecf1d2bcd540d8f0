"""Who may come in: service tokens with scopes for programs, signed links in mails for people.

A route is closed unless it says otherwise: `requires(scope)`, `signed(purpose)`, or a service's own guard, a
dependency with `guards = True`. `unguarded_routes` finds the ones that forgot.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadSignature, URLSafeSerializer

from shared import look
from shared.clock import Clock
from shared.errors import Refused, Transient
from shared.tx import Connection, Tx

OPEN_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
ADMIN = "admin"
HASH = re.compile(r"[0-9a-f]{64}")
TITLES = {
    404: "This link is not valid",
    410: "This link has ended",
    429: "Too many requests",
    503: "Please try again shortly",
}
BEARER = HTTPBearer(auto_error=False, description="a service token")


class Unauthenticated(Refused):
    status = 401
    code = "unauthenticated"


class Forbidden(Refused):
    status = 403
    code = "forbidden"


class LinkInvalid(Refused):
    status = 404
    code = "link-invalid"


class LinkExpired(Refused):
    status = 410
    code = "link-expired"


class LinkUsed(Refused):
    status = 410
    code = "link-used"


class LinkClosed(Refused):
    """Whoever holds the link is shut out. Why is nobody's business who may be reading over a shoulder."""

    status = 410
    code = "link-closed"


HasAccess: TypeAlias = Callable[[UUID], Awaitable[bool]]
"""Whether a person is let in, by what the service itself knows of them. A person it does not know is not."""
CLOSED = "This link is closed. If you think it should be open, please ask the people who run your programme."


@dataclass(frozen=True)
class Caller:
    """The program on the other side, and what it may do."""

    id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or ADMIN in self.scopes


@dataclass(frozen=True)
class Token:
    """A service token as it is kept: the hash only. `sha256` is lower-case hex of the token's UTF-8."""

    id: str
    sha256: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Keys:
    """What it takes to check who comes in; one per application, at `app.state.keys`.

    `has_access` is asked of the person a link was signed for. Without it no link opens.
    """

    tokens: tuple[Token, ...]
    link_key: str
    clock: Clock
    has_access: HasAccess | None = None


def load_tokens(file: Path | None) -> tuple[Token, ...]:
    """The tokens in a JSON list of {id, sha256, scopes}. No file: nobody comes in. Raises ValueError."""
    if file is None:
        return ()
    try:
        rows: Any = json.loads(file.read_text())
        tokens = tuple(Token(str(row["id"]), str(row["sha256"]), frozenset(row["scopes"])) for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is no list of tokens with id, sha256 and scopes: {error!r}") from error
    if not all(HASH.fullmatch(token.sha256) for token in tokens):
        raise ValueError(f"{file} holds a sha256 that is not 64 small hex digits")
    return tokens


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_caller(keys: Keys, authorization: str | None) -> Caller | None:
    """Who holds the token of an Authorization header; takes the same time whichever token it is, or none."""
    kind, _, token = (authorization or "").partition(" ")
    digest = hash_token(token.strip())
    found = None
    for known in keys.tokens:
        if hmac.compare_digest(known.sha256, digest):
            found = Caller(known.id, known.scopes)
    return found if kind.lower() == "bearer" else None


def keys_of(request: Request) -> Keys:
    keys: Keys = request.app.state.keys
    return keys


def identify(request: Request) -> Caller:
    """The caller of a request. Raises Unauthenticated."""
    caller = find_caller(keys_of(request), request.headers.get("authorization"))
    if caller is None:
        raise Unauthenticated("a service token is needed: Authorization: Bearer …")
    return caller


@dataclass(frozen=True)
class requires:
    """Dependency: the caller, who holds `scope`."""

    scope: str
    guards: ClassVar[bool] = True

    async def __call__(
        self, request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> Caller:
        caller = identify(request)
        if not caller.may(self.scope):
            raise Forbidden(f"the token {caller.id} lacks the scope {self.scope}")
        request.state.actor = f"token {caller.id}"
        return caller


@dataclass(frozen=True)
class SignedLink:
    """What a link in a mail stands for. `expires_at` is business time; `id` is a UUIDv7, one per link."""

    purpose: str
    subject: UUID
    audience: UUID
    expires_at: datetime
    id: UUID


def _serializer(key: str, purpose: str) -> URLSafeSerializer:
    if not key:
        raise ValueError("MENTORING_LINK_KEY is not set: links can be neither signed nor checked")
    signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(key, salt=f"mentoring.link.{purpose}", signer_kwargs=signer)


def mint(key: str, link: SignedLink) -> str:
    """The token of a link, safe in a URL (HMAC with SHA-256, the purpose as salt)."""
    expires = int(link.expires_at.timestamp())
    payload = [link.purpose, link.subject.hex, link.audience.hex, expires, link.id.hex]
    return str(_serializer(key, link.purpose).dumps(payload))


def verify(key: str, token: str, *, purpose: str, now: datetime) -> SignedLink:
    """The link behind a token. Raises LinkInvalid or LinkExpired; `now` is business time."""
    try:
        said, subject, audience, expires, link_id = _serializer(key, purpose).loads(token)
        expires_at = datetime.fromtimestamp(expires, UTC)
        link = SignedLink(said, UUID(subject), UUID(audience), expires_at, UUID(link_id))
    except (BadSignature, ValueError, TypeError) as error:
        if not key:
            raise
        raise LinkInvalid("This link is not valid. Please open it again from your mail.") from error
    if link.purpose != purpose:
        raise LinkInvalid("This link is not valid. Please open it again from your mail.")
    if link.expires_at <= now:
        raise LinkExpired(f"This link was valid until {link.expires_at:%d %B %Y}.")
    return link


@dataclass(frozen=True)
class signed:
    """Dependency of a page with the path parameter `{token}`: the link, if it is ours and still valid, and
    if the person it was signed for still has access. Looking is shut off like doing; with `whoever` a page is
    also for people who were shut out: what is kept of them is theirs to see.

    Raises Transient as long as nobody has told the time, since the page would show things as of 1970.
    """

    purpose: str
    whoever: bool = False
    guards: ClassVar[bool] = True

    async def __call__(self, request: Request, token: str) -> SignedLink:
        keys = keys_of(request)
        if not keys.clock.told:
            raise Transient("the time has not been told yet")
        link = verify(keys.link_key, token, purpose=self.purpose, now=keys.clock.now())
        if not self.whoever and (keys.has_access is None or not await keys.has_access(link.audience)):
            raise LinkClosed(CLOSED)
        request.state.actor = f"person {link.audience}"
        return link


async def use_once(tx: Tx, link: SignedLink) -> None:
    """Marks the link as used, in the transaction of what it is used for. Raises LinkUsed."""
    row = await tx.conn.fetchrow(
        "INSERT INTO used_link (link_id, used_at, expires_at) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING link_id",
        link.id,
        tx.now,
        link.expires_at,
    )
    if row is None:
        raise LinkUsed("This link has been used already.")


async def is_used(conn: Connection, link: SignedLink) -> bool:
    return await conn.fetchval("SELECT 1 FROM used_link WHERE link_id = $1", link.id) is not None


def admit(request: Request) -> None:
    """Turns strangers away before they cost a connection; what a caller may do is the guard's question."""
    if not is_page(request):
        identify(request)


def actor(request: Request) -> str:
    """Who comes in, as it is noted with what they change: a token by its name, a person by their id."""
    known: str | None = getattr(request.state, "actor", None)
    if known is not None:
        return known
    return "a signed link" if is_page(request) else f"token {identify(request).id}"


def is_page(request: Request) -> bool:
    """Whether a person is looking at this: the route is opened by a signed link."""
    return "{token}" in getattr(request.scope.get("route"), "path", "")


def page_errors(request: Request, status: int, detail: str) -> HTMLResponse:
    """What went wrong, said to a person, in the look of every page."""
    title = TITLES.get(status, "This does not work")
    return look.page(request.app.state.look, "problem.html", status, title=title, detail=detail)


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for part in dependant.dependencies:
        yield from _calls(part)


def unguarded_routes(app: FastAPI) -> list[str]:
    """ "METHOD path" of every route that has no guard (a dependency with `guards`) and is not open."""
    found = []
    for context in iter_route_contexts(app.routes):
        path = str(context.path)
        guarded = isinstance(context.original_route, APIRoute) and any(
            getattr(call, "guards", False) is True for call in _calls(context.dependant)
        )
        if not guarded and path not in OPEN_PATHS:
            found.append(f"{','.join(sorted(context.methods or {'*'}))} {path}")
    return found

"""A POST sent twice with the same `Idempotency-Key` has one effect and one answer.

The key's row, the business rows and the outbox rows are one transaction: there is no moment at which the
effect exists and the key does not. Keys belong to their caller and are kept for 24 hours (wall time).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from shared import auth
from shared.errors import FieldError, Refused
from shared.tx import Tx

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_CHARS_MAX = 200
KEPT = "24 hours"
PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "any text that is new for each wish; the same again within 24 hours has no second effect",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
}


class KeyInFlight(Refused):
    status = 409
    code = "idempotency-key-in-flight"


class KeyReused(Refused):
    status = 422
    code = "idempotency-key-reused"


class KeyMalformed(Refused):
    status = 400
    code = "idempotency-key-malformed"


class Replay(Exception):
    """The answer was given before: it is given again instead of the work."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True)
class _Keyed:
    tx: Tx
    caller: str
    key: str


class Route(APIRoute):
    """A route that keeps its answer under the caller's key, in the transaction of the work."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()):
            extra = options.get("openapi_extra") or {}
            options["openapi_extra"] = {**extra, "parameters": [*extra.get("parameters", ()), PARAMETER]}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def keyed(request: Request) -> Response:
            if request.method != "POST" or HEADER not in request.headers:
                return await handle(request)
            request.state.idempotent = True
            await request.body()
            try:
                response = await handle(request)
            except Replay as replay:
                return replay.response
            await _keep(request, response)
            return response

        return keyed


def router(**options: Any) -> APIRouter:
    """An APIRouter whose POST routes honour `Idempotency-Key`."""
    return APIRouter(route_class=Route, **options)


async def begin(request: Request, tx: Tx) -> None:
    """First thing in the transaction. Raises Replay, KeyInFlight, KeyReused or KeyMalformed."""
    if not getattr(request.state, "idempotent", False):
        return
    caller = auth.identify(request).id
    key = request.headers[HEADER]
    if not 1 <= len(key) <= KEY_CHARS_MAX or not key.isprintable():
        raise KeyMalformed(f"{HEADER} takes 1 to {KEY_CHARS_MAX} printable characters")
    free = await tx.conn.fetchval(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency ' || $1 || ' ' || $2, 0))",
        caller,
        key,
    )
    if not free:
        raise KeyInFlight("a request with this key is being worked on; ask again")
    fingerprint = await _fingerprint(request)
    row = await tx.conn.fetchrow(
        "SELECT fingerprint, status, headers, body FROM idempotency"
        " WHERE caller = $1 AND key = $2 AND created_at > clock_timestamp() - $3::text::interval",
        caller,
        key,
        KEPT,
    )
    if row is not None:
        if row["fingerprint"] != fingerprint:
            error = FieldError(HEADER, "used before with another request")
            raise KeyReused("this key was used for another request", [error])
        headers = {**json.loads(row["headers"]), REPLAYED: "true"}
        raise Replay(Response(row["body"], row["status"], headers))
    await _claim(tx, caller, key, fingerprint)
    request.state.keyed = _Keyed(tx, caller, key)


async def _fingerprint(request: Request) -> str:
    """What makes two requests the same: method, path with query, and body."""
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(target + await request.body()).hexdigest()


async def _claim(tx: Tx, caller: str, key: str, fingerprint: str) -> None:
    """Takes the key and forgets a few expired ones: as many leave as could have come."""
    await tx.conn.execute(
        "DELETE FROM idempotency WHERE (caller, key) IN (SELECT caller, key FROM idempotency"
        " WHERE created_at <= clock_timestamp() - $1::text::interval ORDER BY created_at LIMIT 5"
        " FOR UPDATE SKIP LOCKED)",
        KEPT,
    )
    await tx.conn.execute(
        "INSERT INTO idempotency (caller, key, fingerprint) VALUES ($1, $2, $3)"
        " ON CONFLICT (caller, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
        " status = NULL, headers = NULL, body = NULL, created_at = clock_timestamp()",
        caller,
        key,
        fingerprint,
    )


async def _keep(request: Request, response: Response) -> None:
    """Writes the answer beside the work; called before the transaction of the request ends."""
    keyed: _Keyed | None = getattr(request.state, "keyed", None)
    if keyed is None:
        return
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    await keyed.tx.conn.execute(
        "UPDATE idempotency SET status = $3, headers = $4, body = $5 WHERE caller = $1 AND key = $2",
        keyed.caller,
        keyed.key,
        response.status_code,
        json.dumps(kept),
        bytes(response.body),
    )

"""Errors as RFC 9457 problem documents, and as pages where a person is looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from shared import auth, envelope
from shared.errors import FieldError, Refused, Transient

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "2"
SAID_TO_BOTH = frozenset({"allow", "retry-after"})
TITLES: Mapping[int, str] = {413: "Content Too Large", 422: "Unprocessable Content"}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "trace_id"],
    "properties": {
        "type": {"type": "string", "description": "urn:mentoring:problem:<code>; the code is stable"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "trace_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
RESPONSES: Mapping[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def title(status: int) -> str:
    """The phrase of RFC 9110; Python's own table has older ones, depending on its version."""
    return TITLES.get(status) or HTTPStatus(status).phrase


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    trace = envelope.TRACE.get()
    content: dict[str, Any] = {
        "type": f"urn:mentoring:problem:{code}",
        "title": title(status),
        "status": status,
        "detail": detail,
        "trace_id": envelope.trace_id(trace.traceparent) if trace else None,
    }
    if errors:
        content["errors"] = [error._asdict() for error in errors]
    return JSONResponse(content, status, dict(headers or {}), media_type=MEDIA_TYPE)


def _answer(request: Request, response: JSONResponse, detail: str) -> Response:
    if auth.is_page(request):
        page = auth.page_errors(request, response.status_code, detail)
        page.headers.update({name: response.headers[name] for name in SAID_TO_BOTH & {*response.headers}})
        return page
    return response


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    answer = problem(error.status, error.code, error.detail, errors=error.errors, headers=headers)
    return _answer(request, answer, error.detail)


async def _transient(request: Request, _error: Exception) -> Response:
    detail = "This cannot be done at the moment. Please try again shortly."
    return _answer(request, problem(503, "try-again", detail, headers={"Retry-After": RETRY_AFTER_S}), detail)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        return problem(400, "not-json", f"the body is no JSON: {found[0]['ctx']['error']}")
    media = request.headers.get("content-type", "")
    if any(tuple(one["loc"]) == ("body",) for one in found) and media and "json" not in media:
        return problem(415, "media-type", f"this takes application/json, not {media[:100]}")
    errors = [FieldError(pointer(one["loc"]), str(one["msg"])) for one in found]
    detail = "; ".join(f"{one.pointer}: {one.detail}" for one in errors[:3])
    return _answer(request, problem(422, "invalid", detail, errors=errors), detail)


def pointer(place: Sequence[str | int]) -> str:
    """A JSON pointer into the body, or the name of a parameter or header."""
    where, *path = [str(part).replace("~", "~0").replace("/", "~1") for part in place]
    return "".join(f"/{part}" for part in path) if where == "body" else "/".join(path)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    code = title(error.status_code).lower().replace(" ", "-")
    detail = str(error.detail)
    return _answer(request, problem(error.status_code, code, detail, headers=headers), detail)


def _methods(request: Request) -> list[str]:
    """Every method that some route takes at this path: a router alone knows only its first match."""
    path = request.scope["path"]
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        if context.methods and context.path_regex.match(path):
            found |= context.methods
    return sorted(found)


async def _unstorable(_request: Request, _error: Exception) -> Response:
    return problem(422, "invalid", "a value is out of range or has a character that cannot be stored")


def bug(request: Request) -> Response:
    """The answer to a mistake of ours: nothing of our inside."""
    detail = "Something went wrong on our side. The trace id helps us to find it."
    return _answer(request, problem(500, "internal", detail), detail)


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Transient, _transient)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(asyncpg.DataError, _unstorable)

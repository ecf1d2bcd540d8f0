"""What surrounds every route: headers, limits, one log line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import structlog
from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from shared import api, log
from shared.auth import requires
from tests.integration.shared.http import notes
from tests.integration.shared.http.notes import READER, WRITER, Notes

Lines: TypeAlias = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What was logged since the last call, as a process writes it."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    log.configure("notes")
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def settings(desk: Notes, folder: Path, **changes: object) -> notes.NotesSettings:
    return notes.settings(folder, desk.owner_dsn, **changes)


async def test_every_answer_carries_security_headers(desk: Notes) -> None:
    async with desk.client(token=None) as client:
        paths = ("/livez", "/v1/notes", "/v1/nothing", f"/note/{desk.link()}", "/note/forged")
        answers = [await client.get(path) for path in paths]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


async def test_a_bug_answers_with_the_same_headers(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "bug"})
    assert answer.headers["x-frame-options"] == "DENY"


async def test_a_part_may_have_its_own_policy(desk: Notes, tmp_path: Path) -> None:
    console = APIRouter(dependencies=[Depends(requires("figures:read"))])

    @console.get("/console/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<h1>console</h1>", headers={"Cache-Control": "max-age=60"})

    policies = {"/console": "script-src 'self'"}
    made = settings(desk, tmp_path)
    desk.app = api.application(desk.door, made, console, title="c", parts=api.Parts(policies))
    async with desk.client(notes.ADMIN) as client:
        answer = await client.get("/console/page")
        other = await client.get("/livez")
        await client.get("/console/static/7f3a.js")
        measured = (await client.get("/metrics")).text
    assert answer.headers["content-security-policy"] == "script-src 'self'"
    assert answer.headers["cache-control"] == "max-age=60"
    assert "default-src 'none'" in other.headers["content-security-policy"]
    assert 'route="/console/…"' in measured
    assert "7f3a" not in measured


async def test_a_caller_that_asks_too_often_is_told_when_to_come_back(desk: Notes, tmp_path: Path) -> None:
    desk = notes.build(desk.door, settings(desk, tmp_path, requests_per_minute_max=3), desk.owner_dsn)
    async with desk.client(READER) as reader, desk.client(WRITER) as writer:
        statuses = [(await reader.get("/v1/notes")).status_code for _ in range(4)]
        answer = await reader.get("/v1/notes")
        others = await writer.get("/v1/notes")
        health = await reader.get("/readyz")
    assert statuses == [200, 200, 200, 429]
    assert answer.json()["type"].endswith(":too-many-requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert (others.status_code, health.status_code) == (200, 200)


async def test_wrong_tokens_share_the_limit_of_their_address(desk: Notes, tmp_path: Path) -> None:
    desk = notes.build(desk.door, settings(desk, tmp_path, requests_per_minute_max=3), desk.owner_dsn)
    statuses = []
    for number in range(4):
        async with desk.client(f"guess-{number}") as client:
            statuses.append((await client.get("/v1/notes")).status_code)
    assert statuses == [401, 401, 401, 429]


async def test_a_request_is_one_line_with_its_trace_and_without_its_token(desk: Notes, lines: Lines) -> None:
    token = desk.link()
    async with desk.client() as client:
        await client.get(f"/note/{token}?secret=1")
        refused = await client.post("/v1/notes", json={"text": "refused"})
    shown = lines()
    assert token not in repr(shown)
    assert "secret" not in repr(shown)
    assert [(line["action"], line["route"], line["status"], line["outcome"]) for line in shown] == [
        ("http", "/note/{token}", 200, "ok"),
        ("http", "/v1/notes", 409, "refused"),
    ]
    assert shown[1]["trace_id"] == refused.json()["trace_id"]
    assert all(line["ms"] >= 0 and line["service"] == "notes" for line in shown)


async def test_a_bug_is_logged_with_its_stack_and_the_trace_the_caller_was_told(
    desk: Notes, lines: Lines
) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "bug"})
    bug, request = lines()
    assert bug["trace_id"] == answer.json()["trace_id"]
    assert "ZeroDivisionError" in bug["exception"]
    assert (request["status"], request["outcome"]) == (500, "failed")


async def test_health_checks_are_not_logged(desk: Notes, lines: Lines) -> None:
    async with desk.client() as client:
        for path in ("/livez", "/readyz", "/metrics"):
            await client.get(path)
    assert lines() == []

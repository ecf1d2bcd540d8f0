"""Who comes in: service tokens, scopes, and routes that forgot to ask."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, FastAPI

from shared import auth
from shared.clock import WallClock

TOKENS = (
    auth.Token("one", auth.hash_token("secret-one"), frozenset({"people:read"})),
    auth.Token("two", auth.hash_token("secret-two"), frozenset({"admin"})),
)
KEYS = auth.Keys(TOKENS, "key", WallClock())
LINK = auth.SignedLink("join", UUID(int=1), UUID(int=2), datetime(2026, 6, 1, tzinfo=UTC), UUID(int=3))
BEFORE = datetime(2026, 5, 31, tzinfo=UTC)


def test_a_token_names_its_caller() -> None:
    caller = auth.find_caller(KEYS, "Bearer secret-one")
    assert caller == auth.Caller("one", frozenset({"people:read"}))


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer secret-ONE", "Basic secret-one", "secret-one", "Bearer é"],
)
def test_anything_else_names_nobody(header: str | None) -> None:
    assert auth.find_caller(KEYS, header) is None


def test_admin_may_everything_and_others_what_they_hold() -> None:
    reader, admin = (auth.Caller(token.id, token.scopes) for token in TOKENS)
    assert reader.may("people:read")
    assert not reader.may("people:write")
    assert admin.may("people:write")


def test_tokens_are_read_from_a_file_of_hashes(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps([{"id": "one", "sha256": auth.hash_token("x"), "scopes": ["operate"]}]))
    assert auth.load_tokens(file) == (auth.Token("one", auth.hash_token("x"), frozenset({"operate"})),)


def test_without_a_file_nobody_comes_in() -> None:
    assert auth.load_tokens(None) == ()


@pytest.mark.parametrize(
    "text", ["", "7", '{"a": 1}', "[1]", '[{"id": "x"}]', '[{"id":"x","sha256":"short","scopes":[]}]']
)
def test_a_malformed_file_of_tokens_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"tokens\.json"):
        auth.load_tokens(file)


def test_a_link_comes_back_as_it_was_minted() -> None:
    token = auth.mint("key", LINK)
    assert auth.verify("key", token, purpose="join", now=BEFORE) == LINK
    assert len(token) < 250
    assert all(letter.isalnum() or letter in "-_." for letter in token)


def test_a_link_is_worth_nothing_with_another_key_or_purpose() -> None:
    token = auth.mint("key", LINK)
    with pytest.raises(auth.LinkInvalid):
        auth.verify("other key", token, purpose="join", now=BEFORE)
    with pytest.raises(auth.LinkInvalid):
        auth.verify("key", token, purpose="proposal", now=BEFORE)


def test_a_link_ends_at_its_expiry() -> None:
    token = auth.mint("key", LINK)
    with pytest.raises(auth.LinkExpired):
        auth.verify("key", token, purpose="join", now=LINK.expires_at)


def test_links_need_a_key() -> None:
    with pytest.raises(ValueError, match="MENTORING_LINK_KEY"):
        auth.mint("", LINK)


def test_a_route_without_a_guard_is_found_wherever_it_hides() -> None:
    app, inner, outer = FastAPI(openapi_url=None), APIRouter(prefix="/inner"), APIRouter(prefix="/outer")
    guarded = APIRouter(dependencies=[Depends(auth.requires("people:read"))])
    inner.add_api_route("/forgotten", lambda: None, methods=["POST"])
    outer.include_router(inner)
    guarded.add_api_route("/fine", lambda: None)
    app.add_api_route("/livez", lambda: None)
    app.include_router(outer)
    app.include_router(guarded)

    @app.get("/by-parameter")
    async def by_parameter(caller: Annotated[auth.Caller, Depends(auth.requires("operate"))]) -> None: ...

    @app.get("/page/{token}")
    async def page(link: Annotated[auth.SignedLink, Depends(auth.signed("join"))]) -> None: ...

    @app.get("/pretends/{token}")
    async def pretends(token: str) -> None: ...

    app.mount("/static", FastAPI(openapi_url=None))
    assert auth.unguarded_routes(app) == [
        "POST /outer/inner/forgotten",
        "GET /pretends/{token}",
        "* /static",
    ]

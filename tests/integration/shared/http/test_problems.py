"""Every refusal is a problem document that names what is wrong, and nothing of our inside."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.integration.shared.http.notes import Notes

MIB = 1 << 20


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    body = answer.json()
    return (
        answer.status_code == status == body["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and body["type"] == f"urn:mentoring:problem:{code}"
        and len(body["trace_id"]) == 32
        and bool(body["title"] and body["detail"])
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": 7}, "/text"),
        ({}, "/text"),
        ({"text": "x", "stars": 9}, "/stars"),
        ({"text": "x", "colour": "red"}, "/colour"),
        ({"text": "x", "a/b~c": 1}, "/a~1b~0c"),
    ],
)
async def test_a_wrong_body_is_refused_by_the_name_of_its_field(
    desk: Notes, body: object, pointer: str
) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json=body)
    assert is_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await desk.texts() == []


async def test_all_wrong_fields_are_named_at_once(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "", "stars": 0, "colour": "red"})
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/text", "/stars", "/colour"}


async def test_a_wrong_query_parameter_is_named(desk: Notes) -> None:
    async with desk.client() as client:
        for limit in ("0", "101", "many"):
            answer = await client.get("/v1/notes", params={"limit": limit})
            assert is_problem(answer, 422, "invalid")
            assert answer.json()["errors"][0]["pointer"] == "limit"


async def test_what_is_no_json_is_refused(desk: Notes) -> None:
    async with desk.client() as client:
        headers = {"Content-Type": "application/json"}
        assert is_problem(await client.post("/v1/notes", content="{", headers=headers), 400, "not-json")


async def test_another_media_type_is_refused(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", content="text=x", headers={"Content-Type": "text/plain"})
    assert is_problem(answer, 415, "media-type")


async def test_a_character_that_cannot_be_stored_is_a_wrong_value(desk: Notes) -> None:
    async with desk.client() as client:
        assert is_problem(await client.post("/v1/notes", json={"text": "a\x00b"}), 422, "invalid")


async def test_the_business_saying_no_has_its_own_code(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "refused"})
    assert is_problem(answer, 409, "note-refused")
    assert answer.json()["detail"] == "this text is refused"


async def test_what_may_go_well_later_says_when(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "transient"})
    assert is_problem(answer, 503, "try-again")
    assert int(answer.headers["retry-after"]) >= 1
    assert "moon" not in answer.text


async def test_a_bug_tells_nothing_of_our_inside(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "bug"})
    assert is_problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


async def test_what_does_not_exist_is_a_problem_too(desk: Notes) -> None:
    async with desk.client() as client:
        assert is_problem(await client.get("/v1/nothing"), 404, "not-found")
        unknown = await client.get("/v1/notes/00000000-0000-0000-0000-000000000001")
        assert is_problem(unknown, 404, "not-found")
        assert is_problem(await client.get("/v1/notes/not-an-id"), 422, "invalid")


async def test_a_wrong_method_lists_all_right_ones(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.delete("/v1/notes")
        assert is_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, POST"
        one = await client.put("/v1/notes/00000000-0000-0000-0000-000000000001")
    assert one.headers["allow"] == "GET, PATCH"


async def test_a_body_that_says_it_is_too_large_is_refused(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", content=b"x" * (MIB + 1))
    assert is_problem(answer, 413, "content-too-large")


async def test_a_body_that_turns_out_to_be_too_large_is_refused(desk: Notes) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * (MIB // 16)

    async with desk.client() as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/v1/notes", content=chunks(), headers=headers)
        keyed = await client.post("/v1/notes", content=chunks(), headers={**headers, "Idempotency-Key": "k"})
    assert is_problem(answer, 413, "content-too-large")
    assert is_problem(keyed, 413, "content-too-large")


async def test_a_malformed_length_is_refused(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", content=b"{}", headers={"Content-Length": "-1"})
    assert answer.status_code in {400, 413}


async def test_without_a_token_the_answer_says_what_is_needed(desk: Notes) -> None:
    for token in (None, "wrong", ""):
        async with desk.client(token) as client:
            answer = await client.get("/v1/notes")
        assert is_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"

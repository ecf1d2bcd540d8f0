"""AsyncAPI and OpenAPI are written from the code, committed, valid and up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from asyncapi3 import AsyncAPI3
from openapi_spec_validator import validate as validate_openapi

from shared import auth, topics
from shared.contract import files, openapi
from shared.events import EVENTS, SAID_BY
from shared.tx import Bell, Door

SERVICES = openapi.names(files.SERVICES)
ASYNCAPI = json.loads((files.SCHEMAS / "asyncapi.json").read_text())


@pytest.fixture(scope="module")
def due() -> dict[Path, str]:
    return files.due()


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from references(item)


def found(document: Any, reference: str) -> bool:
    for name in reference.removeprefix("#/").split("/"):
        document = document.get(name.replace("~1", "/").replace("~0", "~"), {})
    return bool(document)


def test_no_committed_document_is_stale(due: dict[Path, str]) -> None:
    stale = [str(file.relative_to(files.ROOT)) for file in files.stale(due)]
    assert stale == [], "run: python -m shared.contract write"


def test_a_stale_document_is_noticed(due: dict[Path, str]) -> None:
    file = files.SCHEMAS / "asyncapi.json"
    assert files.stale({**due, file: due[file] + " "}) == [file]


def test_no_document_outlives_what_it_describes(due: dict[Path, str]) -> None:
    assert {*files.SCHEMAS.glob("*.json"), *files.SERVICES.glob("*/openapi.json")} <= set(due)


def test_the_asyncapi_document_is_valid_and_whole() -> None:
    AsyncAPI3.model_validate(ASYNCAPI)
    assert all(found(ASYNCAPI, reference) for reference in references(ASYNCAPI))
    for schema in ASYNCAPI["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_asyncapi_check_sees_what_is_wrong() -> None:
    assert not found(ASYNCAPI, "#/components/messages/Nothing")
    with pytest.raises(ValueError, match="chanels"):
        AsyncAPI3.model_validate({**ASYNCAPI, "chanels": {}})


def test_every_event_has_a_channel_like_its_topic() -> None:
    for event in EVENTS:
        channel = ASYNCAPI["channels"][event.topic()]
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == event.topic()
        assert kafka["partitions"] == topics.PARTITIONS
        assert kafka["topicConfiguration"]["cleanup.policy"] == ["compact" if event.compacted else "delete"]


def test_the_asyncapi_document_says_who_speaks_and_who_listens() -> None:
    operations = ASYNCAPI["operations"]
    for service, events in SAID_BY.items():
        for event in events:
            assert operations[f"{service}-says-{event.topic()}"]["action"] == "send"
    assert operations["scheduling-hears-match-made"]["action"] == "receive"


@pytest.mark.parametrize("name", SERVICES)
def test_the_openapi_document_is_valid_and_refuses_with_problems(name: str) -> None:
    document = json.loads((files.SERVICES / name / "openapi.json").read_text())
    validate_openapi(document)
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert "application/problem+json" in operation["responses"]["4XX"]["content"], path
            assert "422" not in operation["responses"], path


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_asks_who_comes_in(name: str) -> None:
    """Denied by default. Console, desk and SCIM are mounted applications that ask for a token themselves."""
    service = openapi.built(name)
    app = service.http(Door(name, None, openapi.WallClock(), Bell()))  # type: ignore[arg-type]
    doors = re.compile(r"\* /(console|desk|scim)")
    assert [route for route in auth.unguarded_routes(app) if not doors.fullmatch(route)] == []


def test_all_four_services_are_described() -> None:
    assert tuple(sorted(SAID_BY)) == SERVICES

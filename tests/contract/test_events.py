"""Events are for ever: what was once said can be read by every later version, and the other way round."""

from __future__ import annotations

import copy
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared import envelope
from shared.contract import files, openapi, schemas
from shared.events import (
    EVENTS,
    SAID_BY,
    Event,
    MatchMade,
    ParticipantJoined,
    PersonForgotten,
    parse_event,
)
from tests.contract import strategies

GOLDEN = Path(__file__).parent / "golden"
SERVICES = openapi.names(files.SERVICES)
BY_TYPE = {schemas.type_of(event): event for event in EVENTS}
COMMITTED = sorted(files.SCHEMAS.glob("mentoring.*.json"))
EVERY_EVENT = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)


def golden(name: str) -> tuple[list[tuple[str, bytes]], dict[str, Any]]:
    said = json.loads((GOLDEN / f"{name}.json").read_text())
    return [(header, value.encode()) for header, value in said["headers"]], said["data"]


@pytest.mark.parametrize("name", sorted(file.stem for file in GOLDEN.glob("*.json")))
def test_an_event_that_was_ever_released_is_read_as_it_was_meant(name: str) -> None:
    headers, data = golden(name)
    around, value = envelope.from_record(headers, json.dumps(data).encode())
    event = parse_event(BY_TYPE[around.type], value)
    again = json.loads(event.model_dump_json())
    assert {field: again[field] for field in data} == data
    assert around.type == name
    assert around.subject == event.key
    assert around.time == event.at
    assert envelope.to_headers(around) == headers


@EVERY_EVENT
def test_EVERY_EVENT_has_its_golden_file_and_its_schema(event: type[Event]) -> None:
    name = schemas.type_of(event)
    assert (GOLDEN / f"{name}.json").exists(), f"add tests/contract/golden/{name}.json; it is kept for ever"
    assert files.SCHEMAS / f"{name}.json" in COMMITTED, "run: python -m shared.contract write"
    jsonschema.validate(golden(name)[1], schemas.of(event))


def test_no_golden_file_was_changed_into_another_event() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == {file.stem for file in COMMITTED}


def test_nothing_that_listeners_rely_on_was_broken() -> None:
    assert files.broken() == []


@EVERY_EVENT
def test_the_schema_of_an_event_is_a_schema_and_says_where_it_travels(event: type[Event]) -> None:
    schema = schemas.of(event)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["x-topic"] == event.topic()
    assert schema["x-key"] in schema["required"]
    assert schema["$id"] == f"schemas/{schemas.type_of(event)}.json"


@EVERY_EVENT
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_data_of_a_later_version_are_read_by_this_one(event: type[Event], data: st.DataObject) -> None:
    """FORWARD: fields that this version does not know, at any depth, are ignored."""
    schema = schemas.whole(json.loads((files.SCHEMAS / f"{schemas.type_of(event)}.json").read_text()))
    said = data.draw(strategies.fitting(schema, later=True))
    event_read = parse_event(event, json.dumps(said).encode())
    assert event_read.key == str(getattr(event_read, event.key_field))


@EVERY_EVENT
def test_a_speaker_may_not_say_what_the_event_does_not_know(event: type[Event]) -> None:
    _, data = golden(schemas.type_of(event))
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        event.model_validate({**data, "later": 1})


def test_an_event_is_said_by_one_service_but_for_the_receipt_that_each_gives() -> None:
    said = [event for events in SAID_BY.values() for event in events]
    assert {event for event in said if said.count(event) > 1} == {PersonForgotten}
    assert set(said) == set(EVENTS)


@pytest.mark.parametrize("name", SERVICES)
def test_U7_whoever_keeps_a_card_hears_also_that_it_is_to_be_forgotten(name: str) -> None:
    heard = importlib.import_module(f"services.{name}.consumers").CONSUMERS
    unheard = {kind.tombstone for kind in heard if kind.tombstone is not None} - set(heard)
    assert unheard == set()


@EVERY_EVENT
def test_a_topic_is_the_name_of_a_past_fact_in_small_letters(event: type[Event]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", event.topic())
    assert event.topic().rpartition("-")[2].endswith(("ed", "made", "sent", "left", "forgotten"))


# -- the check itself -----------------------------------------------------------------------------------


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda schema: schema["properties"].pop(name)


def with_field(name: str, part: dict[str, Any], *, required: bool) -> Callable[[dict[str, Any]], None]:
    def change(schema: dict[str, Any]) -> None:
        schema["properties"][name] = part
        if required:
            schema["required"].append(name)

    return change


def optional(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda schema: schema["required"].remove(name)


BREAKING = (
    (MatchMade, without("score"), "score was removed"),
    (MatchMade, with_field("score", {"type": "string"}, required=False), "score was changed"),
    (
        MatchMade,
        with_field("score", {"type": "number", "minimum": 0.5, "maximum": 1}, required=False),
        "changed",
    ),
    (
        MatchMade,
        with_field("cadence", {"enum": ["weekly"], "type": "string"}, required=False),
        "cadence was changed",
    ),
    (MatchMade, with_field("colour", {"type": "string"}, required=True), "colour is new and has no default"),
    (MatchMade, optional("score"), "score is no longer required"),
    (
        ParticipantJoined,
        lambda s: s["$defs"]["WorkingHours"]["properties"].pop("ends"),
        "hours[].ends was removed",
    ),
)


@pytest.mark.parametrize(
    ("event", "change", "why"), BREAKING, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_breaking_change_is_seen(event: type[Event], change: Callable[[Any], None], why: str) -> None:
    old, new = schemas.of(event), copy.deepcopy(schemas.of(event))
    change(new)
    assert any(why in found for found in schemas.breaks(old, new))


def test_an_optional_addition_and_better_words_break_nothing() -> None:
    old, new = schemas.of(MatchMade), copy.deepcopy(schemas.of(MatchMade))
    with_field("colour", {"type": "string", "default": "red"}, required=False)(new)
    new["properties"]["score"]["description"] = "how well they fit"
    assert schemas.breaks(old, new) == []


def test_an_optional_field_that_becomes_required_breaks_old_events() -> None:
    new = schemas.of(MatchMade)
    old = copy.deepcopy(new)
    optional("score")(old)
    assert schemas.breaks(old, new) == ["score is now required"]

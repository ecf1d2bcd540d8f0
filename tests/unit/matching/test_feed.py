"""Records of the topic hris-events, read in both modes of CloudEvents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.matching.hris import feed
from shared import envelope
from shared.apply import Ears, Unreadable, decode
from shared.inbox import Record
from tests.unit.matching.hr_events import a_hire, an_event

WRITTEN = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


def a_record(value: bytes | None, headers: Sequence[tuple[str, bytes]] = (), key: str = "17") -> Record:
    return Record("hris-events", 3, 42, key, tuple(headers), value, WRITTEN)


def binary(event: dict[str, Any], **changes: bytes) -> Record:
    told = {f"ce_{name}": str(value).encode() for name, value in event.items() if name != "data"}
    headers = {"content-type": b"application/json", **told, **changes}
    return a_record(json.dumps(event["data"]).encode(), [*headers.items()])


def structured(event: Any) -> Record:
    return a_record(
        json.dumps(event).encode(), [("Content-Type", b"application/cloudevents+json; charset=utf-8")]
    )


def test_both_modes_say_the_same() -> None:
    event = an_event("leave", until="2026-05-01", attributes={"time": "2026-03-01T08:00:00Z"})
    one, other = feed.read(binary(event)), feed.read(structured(event))
    assert one.event == other.event
    assert one.envelope[:-1] == other.envelope[:-1]
    assert one.envelope.time == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_an_id_of_any_form_names_its_event_within_its_source() -> None:
    said = [
        feed.read(structured(an_event("return", attributes={"id": id, "source": source}))).envelope.id
        for id, source in (("1", "a"), ("1", "a"), ("2", "a"), ("1", "b"))
    ]
    assert said[0] == said[1]
    assert len({*said}) == 3


def test_a_record_without_a_time_counts_from_when_it_was_written() -> None:
    heard = feed.read(binary(an_event("return")))
    assert heard.envelope.time == WRITTEN
    assert heard.event.statement.time is None  # type: ignore[attr-defined]


def test_facts_of_one_person_do_not_wait_for_each_other() -> None:
    records = [feed.read(binary(an_event("return"))).record for _ in range(2)]
    assert records[0].key != records[1].key


@pytest.mark.parametrize(
    "record",
    [
        a_record(None),
        a_record(b""),
        a_record(b"{}"),
        a_record(b"\xff\xfe", [("content-type", b"application/cloudevents+json")]),
        structured([a_hire()]),
        structured({**a_hire(), "type": "com.example.hired"}),
        binary(a_hire(), ce_id=b""),
        binary(a_hire(), ce_source=b"\xff"),
        binary({**a_hire(), "data": {"person": {"name": "Ana"}}}),
        a_record(b'{}, "id": "x"', [("ce_specversion", b"1.0"), ("ce_id", b"1")]),
    ],
)
def test_what_cannot_be_read_is_told_apart_and_stands_alone(record: Record) -> None:
    with pytest.raises((envelope.Malformed, ValidationError)):
        feed.read(record)
    found = decode(Ears.of("matching", {}, feeds=feed.FEEDS), record)
    assert isinstance(found, Unreadable)
    assert found.record.key == "@3/42"

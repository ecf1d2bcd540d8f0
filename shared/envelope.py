"""CloudEvents 1.0 in Kafka's binary mode: what surrounds an event on its way, and how it is written down.

Attributes travel as `ce_*` headers, the event itself as the record's value. Structured mode is accepted on
read. `ce_id` (a UUIDv7 as text) is the inbox key; `ce_sequence` counts the events of one (topic, key).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

CONTENT_TYPE = "application/json"
STRUCTURED = "application/cloudevents+json"


def new_id() -> UUID:
    """A UUIDv7: unique, and sorted by (wall) time of making."""
    return uuid7()


@dataclass(frozen=True)
class Trace:
    """Where the work in hand comes from: W3C trace parent, the story it belongs to, and what caused it."""

    traceparent: str
    correlation_id: UUID
    causation_id: UUID | None = None


TRACE: ContextVar[Trace | None] = ContextVar("trace", default=None)


def new_trace(traceparent: str | None = None) -> Trace:
    """A trace that begins here, or goes on from the caller's `traceparent` header."""
    story = new_id()
    return Trace(traceparent or f"00-{story.hex}-{new_id().hex[16:]}-01", story)


def trace_id(traceparent: str) -> str:
    """The 32 hex digits by which logs of all services can be joined."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else traceparent


@dataclass(frozen=True)
class Envelope:
    """The attributes of one event. `time` is business time; `sequence` 0 means that nobody counts."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    trace: Trace


class Malformed(Exception):
    """A record that is no CloudEvent of ours; the text says why."""


def type_of(topic: str, version: int) -> str:
    return f"mentoring.{topic}.v{version}"


def to_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The record headers of an event, in a fixed order."""
    trace = envelope.trace
    headers = [
        ("ce_specversion", "1.0"),
        ("ce_id", str(envelope.id)),
        ("ce_type", envelope.type),
        ("ce_source", envelope.source),
        ("ce_subject", envelope.subject),
        ("ce_time", envelope.time.isoformat()),
        ("ce_dataschema", f"schemas/{envelope.type}.json"),
        ("ce_sequence", str(envelope.sequence)),
        ("ce_correlationid", str(trace.correlation_id)),
        ("traceparent", trace.traceparent),
        ("content-type", CONTENT_TYPE),
    ]
    if trace.causation_id is not None:
        headers.append(("ce_causationid", str(trace.causation_id)))
    return [(name, value.encode()) for name, value in headers]


def from_record(headers: Sequence[tuple[str, bytes]], value: bytes | None) -> tuple[Envelope, bytes]:
    """The envelope and the event's JSON, from either mode. Raises Malformed."""
    if value is None:
        raise Malformed("the record has no value")
    fields: dict[str, str] = {}
    try:
        for name, raw in headers:
            fields[name.lower()] = raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"a header is not text: {error}") from error
    if fields.get("content-type", "").startswith(STRUCTURED):
        fields, value = _from_structured(fields, value)
    return _from_fields(fields), value


def _from_structured(fields: Mapping[str, str], value: bytes) -> tuple[dict[str, str], bytes]:
    try:
        document: Any = json.loads(value)
    except ValueError as error:
        raise Malformed(f"the structured CloudEvent is not JSON: {error}") from error
    if not isinstance(document, dict) or "data" not in document:
        raise Malformed("the structured CloudEvent has no data")
    found = {f"ce_{name}": str(item) for name, item in document.items() if name != "data"}
    found["traceparent"] = str(document.get("traceparent", fields.get("traceparent", "")))
    return found, json.dumps(document["data"]).encode()


def _from_fields(fields: Mapping[str, str]) -> Envelope:
    try:
        event_id = UUID(fields["ce_id"])
        correlation = fields.get("ce_correlationid")
        cause = fields.get("ce_causationid")
        trace = Trace(
            fields.get("traceparent") or new_trace().traceparent,
            UUID(correlation) if correlation else event_id,
            UUID(cause) if cause else None,
        )
        return Envelope(
            id=event_id,
            type=fields["ce_type"],
            source=fields["ce_source"],
            subject=fields.get("ce_subject", ""),
            time=datetime.fromisoformat(fields["ce_time"]),
            sequence=int(fields.get("ce_sequence", "0")),
            trace=trace,
        )
    except KeyError as error:
        raise Malformed(f"the header {error.args[0]} is missing") from error
    except ValueError as error:
        raise Malformed(f"a header is wrong: {error}") from error

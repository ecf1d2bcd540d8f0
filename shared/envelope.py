"""CloudEvents 1.0 in Kafka's binary mode: what surrounds an event on its way, and how it is written down.

Attributes travel as `ce_*` headers, the event itself as the record's value. Structured mode is accepted on
read. `ce_id` (a UUIDv7 as text) is the inbox key; `ce_sequence` counts the events of one (topic, key).

All of this is done for every event. So ids are asyncpg's UUID (a `uuid.UUID`, as rows have it, but read,
written and compared in C), values are named tuples, and no header is read that is not needed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg.pgproto import pgproto
from uuid_utils import uuid7

CONTENT_TYPE = b"application/json"
STRUCTURED = b"application/cloudevents+json"
OURS = frozenset(
    {
        *("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence"),
        *("ce_correlationid", "traceparent", "content-type"),
    }
)
"""What every event of ours has; `ce_causationid` only where something caused it."""


def new_id() -> UUID:
    """A UUIDv7: unique, and sorted by (wall) time of making."""
    return pgproto.UUID(uuid7().bytes)


class Trace(NamedTuple):
    """Where the work in hand comes from: W3C trace parent, the story it belongs to, and what caused it."""

    traceparent: str
    correlation_id: UUID
    causation_id: UUID | None = None


TRACE: ContextVar[Trace | None] = ContextVar("trace", default=None)


def new_trace(traceparent: str | None = None) -> Trace:
    """A trace that begins here, or goes on from the caller's `traceparent` header."""
    story = new_id()
    return Trace(traceparent or f"00-{story.hex}-{os.urandom(8).hex()}-01", story)


def trace_id(traceparent: str) -> str:
    """The 32 hex digits by which logs of all services can be joined."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else traceparent


class Envelope(NamedTuple):
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
    trace, kind = envelope.trace, envelope.type.encode()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(envelope.id).encode()),
        ("ce_type", kind),
        ("ce_source", envelope.source.encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_time", envelope.time.isoformat().encode()),
        ("ce_dataschema", b"schemas/%b.json" % kind),
        ("ce_sequence", b"%d" % envelope.sequence),
        ("ce_correlationid", str(trace.correlation_id).encode()),
        ("traceparent", trace.traceparent.encode()),
        ("content-type", CONTENT_TYPE),
    ]
    if trace.causation_id is not None:
        headers.append(("ce_causationid", str(trace.causation_id).encode()))
    return headers


def from_record(headers: Sequence[tuple[str, bytes]], value: bytes | None) -> tuple[Envelope, bytes]:
    """The envelope and the event's JSON, from either mode. Raises Malformed."""
    if value is None:
        raise Malformed("the record has no value")
    fields = dict(headers)
    if not fields.keys() >= OURS:  # somebody else's, who may write names in other letters
        fields = {name.lower(): raw for name, raw in headers}
    if fields.get("content-type", b"").startswith(STRUCTURED):
        fields, value = _from_structured(fields, value)
    return _from_fields(fields), value


def of_tombstone(headers: Sequence[tuple[str, bytes]]) -> Envelope:
    """The envelope of a record without a value. Raises Malformed."""
    return _from_fields({name.lower(): raw for name, raw in headers})


def _from_structured(fields: Mapping[str, bytes], value: bytes) -> tuple[dict[str, bytes], bytes]:
    try:
        document: Any = json.loads(value)
    except ValueError as error:
        raise Malformed(f"the structured CloudEvent is not JSON: {error}") from error
    if not isinstance(document, dict) or "data" not in document:
        raise Malformed("the structured CloudEvent has no data")
    found = {f"ce_{name}": _header(item) for name, item in document.items() if name != "data"}
    if "traceparent" in document:
        found["traceparent"] = _header(document["traceparent"])
    else:
        found["traceparent"] = fields.get("traceparent", b"")
    return found, json.dumps(document["data"]).encode()


def _header(item: Any) -> bytes:
    """As it would stand in a header: what is not text there is found when it is read."""
    return str(item).encode(errors="surrogatepass")


def _from_fields(fields: Mapping[str, bytes]) -> Envelope:
    try:
        event_id = pgproto.UUID(fields["ce_id"].decode())
        correlation = fields.get("ce_correlationid")
        cause = fields.get("ce_causationid")
        trace = Trace(
            fields.get("traceparent", b"").decode() or new_trace().traceparent,
            pgproto.UUID(correlation.decode()) if correlation else event_id,
            pgproto.UUID(cause.decode()) if cause else None,
        )
        return Envelope(
            id=event_id,
            type=fields["ce_type"].decode(),
            source=fields["ce_source"].decode(),
            subject=fields.get("ce_subject", b"").decode(),
            time=datetime.fromisoformat(fields["ce_time"].decode()),
            sequence=int(fields.get("ce_sequence", b"0")),
            trace=trace,
        )
    except KeyError as error:
        raise Malformed(f"the header {error.args[0]} is missing") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"a header is not text: {error}") from error
    except ValueError as error:
        raise Malformed(f"a header is wrong: {error}") from error

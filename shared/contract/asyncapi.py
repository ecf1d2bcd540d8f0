"""The AsyncAPI 3 document: which topics there are, what is said on them, by whom and to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from shared import envelope, topics
from shared.contract import schemas
from shared.events import EVENTS, SAID_BY, Event

TEMPLATE = "#/components/schemas/{model}"
BINDING = "0.5.0"
HEADERS: Mapping[str, Mapping[str, Any]] = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "format": "uuid", "description": "UUIDv7; the same event, the same id"},
    "ce_type": {"type": "string"},
    "ce_source": {"type": "string", "description": "/mentoring/<service>"},
    "ce_subject": {"type": "string", "description": "the key"},
    "ce_time": {"type": "string", "format": "date-time", "description": "business time of the fact"},
    "ce_dataschema": {"type": "string"},
    "ce_sequence": {"type": "string", "pattern": r"^\d+$", "description": "counts the events of one key"},
    "ce_correlationid": {"type": "string", "format": "uuid"},
    "ce_causationid": {"type": "string", "format": "uuid", "description": "id of the event that caused this"},
    "traceparent": {"type": "string", "description": "W3C trace context"},
    "content-type": {"type": "string", "const": envelope.CONTENT_TYPE.decode()},
}
OPTIONAL_HEADERS = frozenset({"ce_causationid"})


def document(heard: Mapping[str, Iterable[type[Event]]]) -> dict[str, Any]:
    """`heard`: which events each service listens to."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Mentoring: events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in Kafka's binary mode. A topic is called like its event, behind"
            " the deployment's prefix. Within a version only optional fields are added.",
        },
        "defaultContentType": envelope.CONTENT_TYPE.decode(),
        "channels": {event.topic(): _channel(event) for event in EVENTS},
        "operations": {
            **_operations("says", "send", SAID_BY),
            **_operations("hears", "receive", heard),
        },
        "components": {
            "messages": {event.__name__: _message(event) for event in EVENTS},
            "schemas": {"Headers": _headers(), **_definitions()},
        },
    }


def _channel(event: type[Event]) -> dict[str, Any]:
    kept = topics.COMPACTED if event.compacted else topics.KEPT
    configuration: dict[str, Any] = {"cleanup.policy": [kept["cleanup.policy"]]}
    if "retention.ms" in kept:
        configuration["retention.ms"] = int(kept["retention.ms"])
    kafka = {
        "topic": event.topic(),
        "partitions": topics.PARTITIONS,
        "topicConfiguration": configuration,
        "bindingVersion": BINDING,
    }
    return {
        "address": event.topic(),
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "bindings": {"kafka": kafka},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    key = {"type": "string", "description": f"the {event.key_field}: what is in order"}
    return {
        "name": schemas.type_of(event),
        "title": event.__name__,
        "summary": (event.__doc__ or event.__name__).strip().splitlines()[0],
        "contentType": envelope.CONTENT_TYPE.decode(),
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": BINDING}},
    }


def _operations(
    verb: str, action: str, by_service: Mapping[str, Iterable[type[Event]]]
) -> dict[str, dict[str, Any]]:
    return {
        f"{service}-{verb}-{event.topic()}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{event.topic()}"},
            "summary": f"{service} {verb} {event.__name__}",
            "messages": [{"$ref": f"#/channels/{event.topic()}/messages/{event.__name__}"}],
        }
        for service, events in sorted(by_service.items())
        for event in sorted(events, key=EVENTS.index)
    }


def _headers() -> dict[str, Any]:
    required = sorted(set(HEADERS) - OPTIONAL_HEADERS)
    return {"type": "object", "required": required, "properties": {k: dict(v) for k, v in HEADERS.items()}}


def _definitions() -> dict[str, Any]:
    _, found = models_json_schema([(event, "validation") for event in EVENTS], ref_template=TEMPLATE)
    definitions: dict[str, Any] = schemas.opened(found["$defs"])
    return definitions

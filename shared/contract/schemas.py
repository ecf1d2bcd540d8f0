"""The JSON Schema of every event, and what may change in one: only optional additions.

A listener ignores fields it does not know, so the schemas leave other fields open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from shared import envelope
from shared.events import EVENTS, Event

Schema: TypeAlias = Mapping[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOTES = frozenset({"title", "description", "default", "examples", "$schema", "$id", "x-topic", "x-key"})


def type_of(event: type[Event]) -> str:
    """`mentoring.match-made.v1`: the ce_type, and the name of the schema's file."""
    return envelope.type_of(event.topic(), event.version_of_schema)


def of(event: type[Event]) -> dict[str, Any]:
    """The schema of an event as it travels, whole in itself."""
    return {
        "$schema": DIALECT,
        "$id": f"schemas/{type_of(event)}.json",
        "x-topic": event.topic(),
        "x-key": event.key_field,
        **opened(event.model_json_schema()),
    }


def all_of(events: Iterable[type[Event]] = EVENTS) -> dict[str, dict[str, Any]]:
    return {type_of(event): of(event) for event in events}


def opened(part: Any) -> Any:
    """Without `additionalProperties: false`: that holds for those who speak, not for those who listen."""
    if isinstance(part, dict):
        return {
            name: opened(value)
            for name, value in part.items()
            if not (name == "additionalProperties" and value is False)
        }
    return [opened(item) for item in part] if isinstance(part, list) else part


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why events of one version could no longer be read, by today's code or by yesterday's. Empty: fine."""
    return list(_breaks(whole(old), whole(new), ""))


def whole(schema: Schema) -> dict[str, Any]:
    """The schema with every reference replaced by what it refers to."""
    definitions = schema.get("$defs", {})

    def follow(part: Any) -> Any:
        if isinstance(part, Mapping):
            if "$ref" in part:
                return follow(definitions[str(part["$ref"]).rpartition("/")[2]])
            return {name: follow(value) for name, value in part.items() if name != "$defs"}
        return [follow(item) for item in part] if isinstance(part, list) else part

    found: dict[str, Any] = follow(schema)
    return found


def _breaks(old: Schema, new: Schema, place: str) -> Iterator[str]:
    if "properties" in old and "properties" in new:
        yield from _breaks_of_object(old, new, place)
    elif old.get("type") == new.get("type") == "array" and "items" in old and "items" in new:
        yield from _breaks(old["items"], new["items"], f"{place}[]")
    elif _plain(old) != _plain(new):
        yield f"{place or 'the event'} was changed"


def _breaks_of_object(old: Schema, new: Schema, place: str) -> Iterator[str]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    for name in old["properties"]:
        where = f"{place}.{name}".lstrip(".")
        if name not in new["properties"]:
            yield f"{where} was removed"
            continue
        if (name in before) != (name in after):
            yield f"{where} is {'no longer' if name in before else 'now'} required"
        yield from _breaks(old["properties"][name], new["properties"][name], where)
    for name in sorted((set(new["properties"]) - set(old["properties"])) & after):
        yield f"{place}.{name}".lstrip(".") + " is new and has no default"


def _plain(part: Any) -> Any:
    """What of a schema decides whether a value fits."""
    if isinstance(part, Mapping):
        return {name: _plain(value) for name, value in part.items() if name not in NOTES}
    return [_plain(item) for item in part] if isinstance(part, list) else part

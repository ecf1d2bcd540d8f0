"""Data that fit a JSON Schema: as much of the language as the events use."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
UNKNOWN = st.dictionaries(
    TEXT.map(lambda name: f"later_{name}"),
    st.none() | st.integers() | TEXT | st.lists(st.booleans()),
    max_size=3,
)
FORMATS = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(lambda day: day.isoformat()),
    "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat()),
}


def fitting(schema: dict[str, Any], *, later: bool = False) -> st.SearchStrategy[Any]:
    """Values of a schema without references. `later` adds fields that the schema does not know yet."""
    if "anyOf" in schema:
        return st.one_of([fitting(part, later=later) for part in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            return _object(schema, later)
        case "array":
            return st.lists(fitting(schema["items"], later=later), max_size=3)
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        case "string":
            return FORMATS.get(schema.get("format", ""), TEXT)
        case "integer":
            return st.integers(schema.get("minimum", -(2**31)), schema.get("maximum", 2**31))
        case "number":
            return st.floats(
                schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False
            )
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case other:
            raise ValueError(f"no data for the type {other}")


def _object(schema: dict[str, Any], later: bool) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:
        return st.dictionaries(TEXT, fitting(schema["additionalProperties"]), max_size=3)
    fields = {name: fitting(part, later=later) for name, part in schema["properties"].items()}
    needed = set(schema.get("required", ()))
    known = st.fixed_dictionaries(
        {name: fields[name] for name in fields if name in needed},
        optional={name: fields[name] for name in fields if name not in needed},
    )
    if not later:
        return known
    return st.builds(lambda old, new: {**old, **new}, known, UNKNOWN)

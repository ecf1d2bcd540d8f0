"""A resource in the form in which filters and sorting compare it.

It is kept beside the resource: strings as the library's policy compares them (without case, unless the
attribute is case-exact), times with a fixed width in UTC, so that the order of texts is the order of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from inspect import isclass
from typing import Any, TypeAlias

import scim2_models as scim
from scim2_models.base import BaseModel

Leaf: TypeAlias = scim.AttributeBinding
Shape: TypeAlias = Mapping[str, "Leaf | Shape"]
"""What a resource may hold: by its attributes' names the attribute, or what is inside it."""


@dataclass(frozen=True)
class Kind:
    """A resource type as the storage needs it; `model` has the extensions in it."""

    name: str
    model: type[scim.Resource[Any]]
    shape: Shape


def kind(provider: scim.ScimProvider, resource_type: scim.ResourceType) -> Kind:
    model = provider.model_for(resource_type)
    assert model is not None
    assert issubclass(model, scim.Resource)
    return Kind(str(resource_type.name), model, _shape(model))


def _shape(model: type[scim.Resource[Any]]) -> Shape:
    found: dict[str, Any] = {}
    for path in scim.Path[model].iter_paths():  # type: ignore[valid-type]
        binding = path.resolve()
        if binding is None:
            continue
        place = found.setdefault(str(path.schema), {}) if path.schema else found
        *above, name = path.parts
        for part in above:
            place = place.setdefault(part, {})
        if not _is_complex(binding):
            place[name] = binding
    return {**found, "id": _leaf(model, "id"), "schemas": _leaf(model, "schemas")}


def _leaf(model: type[scim.Resource[Any]], name: str) -> Leaf:
    binding = scim.Path[model](name).resolve()  # type: ignore[valid-type]
    assert binding is not None
    return binding


def _is_complex(binding: Leaf) -> bool:
    return isclass(binding.target_type) and issubclass(binding.target_type, BaseModel)


def comparable(kind: Kind, resource: Mapping[str, Any]) -> dict[str, Any]:
    """The compared form of a resource, as JSON gives it."""
    return {name: _folded(value, kind.shape[name]) for name, value in resource.items() if name in kind.shape}


def _folded(value: Any, shape: Leaf | Shape) -> Any:
    if isinstance(value, list):
        return [_folded(one, shape) for one in value]
    if isinstance(shape, Mapping):
        return {name: _folded(part, shape[name]) for name, part in value.items() if name in shape}
    return as_compared(shape, value)


def as_compared(leaf: Leaf, value: Any) -> Any:
    """One value of an attribute, from JSON or from a filter, as it is compared."""
    if leaf.target_type is datetime:
        return moment(value if isinstance(value, datetime) else datetime.fromisoformat(value))
    return leaf.comparable(value)


def moment(at: datetime) -> str:
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

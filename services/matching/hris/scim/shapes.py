"""The forms of a resource: as the library has it, as JSON, and as a row."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
import scim2_models as scim

from services.matching.core.scim import Kept
from services.matching.hris.scim import comparing
from services.matching.hris.scim.comparing import Kind

NEVER_KEPT = frozenset({"id", "meta", "password", "members", "groups"})
"""What we add ourselves, keep elsewhere, or must not know."""
ASIDE_FROM_CHARACTERS = 20_000
"""Some hundred and fifty members, which take some milliseconds."""


def as_json(resource: scim.Resource[Any]) -> dict[str, Any]:
    """What of a resource is kept in its row."""
    bare = resource.model_copy(update={"members": None}) if isinstance(resource, scim.Group) else resource
    said: dict[str, Any] = bare.model_dump()
    return {name: value for name, value in said.items() if name not in NEVER_KEPT}


def with_meta(kept: Kept) -> dict[str, Any]:
    """A resource as JSON, with its id and meta but without its address."""
    said: dict[str, Any] = orjson.loads(kept.resource)
    said["id"] = str(kept.id)
    said["meta"] = {
        "resourceType": kept.kind,
        "created": kept.created_at,
        "lastModified": kept.modified_at,
        "version": kept.etag,
    }
    if kept.members:
        said["members"] = orjson.loads(kept.members)
    if kept.groups:
        said["groups"] = orjson.loads(kept.groups)
    return said


def as_model(kind: Kind, kept: Kept) -> scim.Resource[Any]:
    return kind.model.model_validate(with_meta(kept))


async def modelled(kind: Kind, kept: Kept) -> scim.Resource[Any]:
    """The same; a group of many is built aside, so that nobody else waits for it."""
    if len(kept.members or "") > ASIDE_FROM_CHARACTERS:
        return await asyncio.to_thread(as_model, kind, kept)
    return as_model(kind, kept)


def compared(kind: Kind, kept: Kept, said: Mapping[str, Any]) -> str:
    meta = {
        "resourceType": kept.kind,
        "created": comparing.moment(kept.created_at),
        "lastModified": comparing.moment(kept.modified_at),
        "version": kept.etag,
    }
    return orjson.dumps({**comparing.comparable(kind, said), "id": str(kept.id), "meta": meta}).decode()


def name_key(kind: Kind, said: Mapping[str, Any]) -> str:
    name = "userName" if kind.name == "User" else "displayName"
    leaf = kind.shape[name]
    assert isinstance(leaf, scim.AttributeBinding)
    return str(leaf.comparable(said.get(name, "")))


def uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None

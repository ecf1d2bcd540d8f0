"""The OpenAPI document of a service, from its own routes; no server is needed for it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from shared.api import problems
from shared.clock import WallClock
from shared.events import Event
from shared.service import Service
from shared.settings import Settings
from shared.tx import Bell, Door, Pool


def names(services: Path) -> tuple[str, ...]:
    """The services that can be built: each folder with a composition root."""
    return tuple(sorted(file.parent.name for file in services.glob("*/service.py")))


def built(name: str) -> Service:
    """A service with settings that lead nowhere. Found by its folder: shared knows no service by name."""
    settings: type[Settings] = importlib.import_module(f"services.{name}.settings").Settings
    values: dict[str, Any] = {
        field: "http://nowhere" for field, told in settings.model_fields.items() if told.is_required()
    }
    values |= {"clock": "wall", "tokens_file": None, "stack_dir": None, "link_key": "none"}
    service: Service = importlib.import_module(f"services.{name}.service").build(settings(**values))
    return service


def document(service: Service) -> dict[str, Any]:
    nowhere = Door(service.name, cast(Pool, None), WallClock(), Bell())
    found: dict[str, Any] = service.http(nowhere).openapi()
    found.setdefault("components", {}).setdefault("schemas", {})["Problem"] = dict(problems.SCHEMA)
    return found


def heard(services: Iterable[Service]) -> Mapping[str, tuple[type[Event], ...]]:
    return {service.name: tuple(service.consumers) for service in services}

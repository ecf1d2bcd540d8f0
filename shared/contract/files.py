"""The committed documents: what they should say now, and how they differ from that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.contract import asyncapi, openapi, schemas

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "shared" / "schemas"
SERVICES = ROOT / "services"


class Incompatible(Exception):
    """An event was changed in a way that its listeners cannot follow; the text says which and how."""


def text(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def due() -> dict[Path, str]:
    """Every document as it should be, by its file."""
    services = [openapi.built(name) for name in openapi.names(SERVICES)]
    found = {SCHEMAS / f"{name}.json": text(schema) for name, schema in schemas.all_of().items()}
    found[SCHEMAS / "asyncapi.json"] = text(asyncapi.document(openapi.heard(services)))
    for service in services:
        found[service.folder / "openapi.json"] = text(openapi.document(service))
    return found


def broken() -> list[str]:
    """What today's events would break for those who rely on the committed schemas."""
    today = schemas.all_of()
    found = []
    for file in sorted(SCHEMAS.glob("mentoring.*.json")):
        if file.stem not in today:
            found.append(f"{file.stem}: the phrasebook lacks it, and others may still hear it")
            continue
        found += [
            f"{file.stem}: {why}" for why in schemas.breaks(json.loads(file.read_text()), today[file.stem])
        ]
    return found


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    return [file for file, told in wanted.items() if not file.exists() or file.read_text() != told]


def write() -> list[Path]:
    """Renews the stale files and returns them. Raises Incompatible instead of hiding a break."""
    if why := broken():
        raise Incompatible("; ".join(why) + ". Say a new version of the event beside the old one.")
    SCHEMAS.mkdir(exist_ok=True)
    wanted = due()
    renewed = stale(wanted)
    for file in renewed:
        file.write_text(wanted[file])
    return renewed

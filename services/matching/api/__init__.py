"""The HTTP door for programs with a service token."""

from fastapi import APIRouter

from services.matching.api import (
    audit,
    byhand,
    comparing,
    explaining,
    facts,
    fairness,
    files,
    matches,
    participations,
    people,
    privacy,
    programmes,
    readiness,
    reviewing,
    runs,
    scim_groups,
    sheets,
    sites,
    sources,
    whatif,
    wishes,
)


def routers() -> tuple[APIRouter, ...]:
    rooms = (
        audit,
        people,
        byhand,
        facts,
        files,
        sites,
        privacy,
        programmes,
        readiness,
        participations,
        runs,
        reviewing,
        comparing,
        explaining,
        whatif,
        matches,
        fairness,
        scim_groups,
        sheets,
        sources,
        wishes,
    )
    return tuple(router for room in rooms for router in room.routers())


__all__ = [
    "audit",
    "byhand",
    "comparing",
    "explaining",
    "facts",
    "fairness",
    "files",
    "matches",
    "participations",
    "people",
    "privacy",
    "programmes",
    "readiness",
    "reviewing",
    "routers",
    "runs",
    "scim_groups",
    "sheets",
    "sites",
    "sources",
    "whatif",
    "wishes",
]

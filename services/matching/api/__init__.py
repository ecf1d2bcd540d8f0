"""The HTTP door for programs with a service token."""

from fastapi import APIRouter

from services.matching.api import (
    explaining,
    fairness,
    matches,
    participations,
    people,
    programmes,
    runs,
    whatif,
    wishes,
)


def routers() -> tuple[APIRouter, ...]:
    rooms = (
        explaining,
        fairness,
        matches,
        participations,
        people,
        programmes,
        runs,
        whatif,
        wishes,
    )
    return tuple(router for room in rooms for router in room.routers())


__all__ = [
    "explaining",
    "fairness",
    "matches",
    "participations",
    "people",
    "programmes",
    "routers",
    "runs",
    "whatif",
    "wishes",
]

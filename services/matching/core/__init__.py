"""The rules of matching: values in, decisions out."""

from services.matching.core import (
    comparing,
    ids,
    joining,
    levels,
    matches,
    outcomes,
    participations,
    people,
    pool,
    programmes,
    readiness,
    roster,
    runs,
    views,
)

__all__ = [
    "comparing",
    "ids",
    "joining",
    "levels",
    "matches",
    "outcomes",
    "participations",
    "people",
    "pool",
    "programmes",
    "readiness",
    "roster",
    "runs",
    "views",
]

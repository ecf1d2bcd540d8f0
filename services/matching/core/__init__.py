"""The rules of matching: values in, decisions out."""

from services.matching.core import (
    comparing,
    difference,
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
    whatif,
)

__all__ = [
    "comparing",
    "difference",
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
    "whatif",
]

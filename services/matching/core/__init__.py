"""The rules of matching: values in, decisions out."""

from services.matching.core import (
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
    roster,
    runs,
    views,
    whatif,
    wishes,
)

__all__ = [
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
    "roster",
    "runs",
    "views",
    "whatif",
    "wishes",
]

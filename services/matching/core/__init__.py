"""The rules of matching: values in, decisions out."""

from services.matching.core import (
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
)

__all__ = [
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
]

"""The rules of matching: values in, decisions out."""

from services.matching.core import (
    balance,
    difference,
    fairness,
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
)

__all__ = [
    "balance",
    "difference",
    "fairness",
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
]

"""The only SQL of matching: one function per statement, the connection first."""

from services.matching.store import (
    matches,
    participations,
    people,
    programmes,
    run_pairs,
    runs,
    solving,
)

__all__ = [
    "matches",
    "participations",
    "people",
    "programmes",
    "run_pairs",
    "runs",
    "solving",
]

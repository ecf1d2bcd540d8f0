"""The only SQL of matching: one function per statement, the connection first."""

from services.matching.store import (
    afterwards,
    circles,
    desk,
    ledger,
    lessons,
    matches,
    participations,
    people,
    programmes,
    run_pairs,
    runs,
    solving,
    wishes,
)

__all__ = [
    "afterwards",
    "circles",
    "desk",
    "ledger",
    "lessons",
    "matches",
    "participations",
    "people",
    "programmes",
    "run_pairs",
    "runs",
    "solving",
    "wishes",
]

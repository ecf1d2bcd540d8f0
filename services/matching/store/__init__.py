"""The only SQL of matching: one function per statement, the connection first."""

from services.matching.store import (
    afterwards,
    circles,
    decisions,
    desk,
    ledger,
    lessons,
    matches,
    participations,
    people,
    programmes,
    proposals,
    run_pairs,
    runs,
    sheets,
    solving,
    wishes,
)

__all__ = [
    "afterwards",
    "circles",
    "decisions",
    "desk",
    "ledger",
    "lessons",
    "matches",
    "participations",
    "people",
    "programmes",
    "proposals",
    "run_pairs",
    "runs",
    "sheets",
    "solving",
    "wishes",
]

"""What more than one door does: load, decide, save, say. Each takes the transaction of its door."""

from services.matching.commands import (
    enrolment,
    explaining,
    forking,
    matches,
    people,
    programmes,
    projection,
    reviewing,
    rounds,
    solving,
    wishes,
)

__all__ = [
    "enrolment",
    "explaining",
    "forking",
    "matches",
    "people",
    "programmes",
    "projection",
    "reviewing",
    "rounds",
    "solving",
    "wishes",
]

"""What more than one door does: load, decide, save, say. Each takes the transaction of its door."""

from services.matching.commands import (
    afterwards,
    circles,
    enrolment,
    explaining,
    forking,
    groups,
    matches,
    people,
    programmes,
    rounds,
    solving,
    wishes,
)

__all__ = [
    "afterwards",
    "circles",
    "enrolment",
    "explaining",
    "forking",
    "groups",
    "matches",
    "people",
    "programmes",
    "rounds",
    "solving",
    "wishes",
]

"""What more than one door does: load, decide, save, say. Each takes the transaction of its door."""

from services.matching.commands import (
    afterwards,
    bringing,
    circles,
    enrolment,
    explaining,
    forking,
    groups,
    matches,
    pausing,
    people,
    programmes,
    projection,
    reviewing,
    rounds,
    solving,
    wishes,
)

__all__ = [
    "afterwards",
    "bringing",
    "circles",
    "enrolment",
    "explaining",
    "forking",
    "groups",
    "matches",
    "pausing",
    "people",
    "programmes",
    "projection",
    "reviewing",
    "rounds",
    "solving",
    "wishes",
]

"""The rules of a pair's rhythm: pure values in, decisions out."""

from services.scheduling.core import (
    absences,
    agreements,
    booking,
    circles,
    feedback,
    ids,
    people,
    rounds,
    sessions,
    slots,
)

__all__ = [
    "absences",
    "agreements",
    "booking",
    "circles",
    "feedback",
    "ids",
    "people",
    "rounds",
    "sessions",
    "slots",
]

"""What scheduling keeps. One statement per function; the only SQL of the service."""

from services.scheduling.store import (
    absences,
    access,
    agreements,
    bookings,
    circles,
    feedback,
    people,
    privacy,
    sessions,
)

__all__ = [
    "absences",
    "access",
    "agreements",
    "bookings",
    "circles",
    "feedback",
    "people",
    "privacy",
    "sessions",
]

"""What a mentee may ask for: one mentor by name with a purpose, and favourites that count in the rounds."""

from __future__ import annotations

from collections.abc import Sequence

from services.matching.core.ids import ParticipationId
from shared.errors import FieldError, Refused

PURPOSE_CHARACTERS_MAX = 2000
FAVOURITES_MAX = 5


class PurposeMissing(Refused):
    """A request has to say why this mentor, and what for."""

    status = 422
    code = "purpose-missing"


class WrongFavourites(Refused):
    status = 422
    code = "wrong-favourites"


def purpose(text: str) -> str:
    """What was written, without space around it. Raises PurposeMissing where that is nothing, or too much."""
    found = text.strip()
    if not found:
        say = "Say why you ask this mentor, and what for."
        raise PurposeMissing(say, [FieldError("/purpose", say)])
    if len(found) > PURPOSE_CHARACTERS_MAX:
        say = f"Keep it under {PURPOSE_CHARACTERS_MAX} characters."
        raise PurposeMissing(say, [FieldError("/purpose", say)])
    return found


def refuse_wrong_favourites(mentors: Sequence[ParticipationId]) -> None:
    """Raises WrongFavourites for too many, and for one named twice."""
    if len(mentors) > FAVOURITES_MAX:
        raise WrongFavourites(f"Name up to {FAVOURITES_MAX} mentors, the one you would like best first.")
    if len(set(mentors)) < len(mentors):
        raise WrongFavourites("Name every mentor once.")

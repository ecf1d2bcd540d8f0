"""What one of a pair says about a session: three parts, ratings, and who may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.scheduling.core.ids import PersonId, SessionId
from shared.errors import FieldError, Refused

TEXT_MAX = 2000
LOW_RATING = 2
CONCRETE_WORDS = 3
PARTS: Final = ("went_well", "to_improve", "encouragement")
RATINGS: Final = ("overall", "usefulness", "listening")

Fit = Literal["good", "unsure", "not-good"]
FITS: Final[tuple[Fit, ...]] = ("good", "unsure", "not-good")
Share = Literal["partner", "private"]
SHARES: Final[tuple[Share, ...]] = ("partner", "private")


class FeedbackWrong(Refused):
    """What was filled in is not complete; `errors` name the fields."""

    status = 422
    code = "feedback-wrong"


class FeedbackNotOpen(Refused):
    """The session has not taken place."""

    code = "feedback-not-open"


class AlreadyGiven(Refused):
    """The author has given feedback on this session before."""

    code = "feedback-given"


@dataclass(frozen=True)
class Feedback:
    """Ratings go from 1 to 5, `fit` is asked after the first session only. The text stays in this service."""

    went_well: str
    to_improve: str
    encouragement: str
    ratings: Mapping[str, int]
    fit: Fit | None
    share: Share


@dataclass(frozen=True)
class Written:
    """The text of a feedback in the hands of somebody who may read it."""

    session_id: SessionId
    ordinal: int
    starts_at: datetime
    author_id: PersonId
    about_id: PersonId
    went_well: str
    to_improve: str
    encouragement: str
    share: Share
    submitted_at: datetime


def read_form(form: Mapping[str, str], *, ordinal: int) -> Feedback:
    """The feedback in a filled-in form about the pair's session number `ordinal`.

    Raises FeedbackWrong, naming every wrong field. A low overall rating has to carry one concrete behaviour
    or suggestion (three words at least): a number alone helps nobody to do better.
    """
    text = {part: _text(form.get(part, "")) for part in PARTS}
    ratings = {name: _rating(form.get(f"rating_{name}", "")) for name in RATINGS}
    fit = next((known for known in FITS if known == form.get("fit")), None) if ordinal == 1 else None
    share = next((known for known in SHARES if known == form.get("share")), None)
    errors = [
        FieldError(part, f"Please use no more than {TEXT_MAX} characters.")
        for part in PARTS
        if len(text[part]) > TEXT_MAX
    ]
    errors += [
        FieldError(f"rating_{name}", "Choose a number from 1 to 5.") for name in RATINGS if not ratings[name]
    ]
    if _lacks_something_concrete(ratings["overall"], text["to_improve"]):
        errors.append(
            FieldError(
                "to_improve",
                "Name one concrete thing your partner did, or could do, so that they can act on it.",
            )
        )
    if ordinal == 1 and fit is None:
        errors.append(FieldError("fit", "Say how well the two of you fit."))
    if share is None:
        errors.append(FieldError("share", "Choose who may read what you wrote."))
    if errors or share is None:
        raise FeedbackWrong("Some answers need another look.", errors)
    return Feedback(text["went_well"], text["to_improve"], text["encouragement"], ratings, fit, share)


def readers(feedback: Feedback, author_id: PersonId, about_id: PersonId) -> tuple[PersonId, ...]:
    """Who may read the text: the author always, the partner where the author shared it, nobody else."""
    return (author_id, about_id) if feedback.share == "partner" else (author_id,)


def _text(typed: str) -> str:
    """As typed, but for the line ends of browsers and for a character that no store keeps."""
    return typed.replace("\r\n", "\n").replace("\x00", "").strip()


def _rating(value: str) -> int:
    """The number from 1 to 5, 0 for anything else."""
    return int(value) if value in ("1", "2", "3", "4", "5") else 0


def _lacks_something_concrete(overall: int, to_improve: str) -> bool:
    return 1 <= overall <= LOW_RATING and len(to_improve.split()) < CONCRETE_WORDS

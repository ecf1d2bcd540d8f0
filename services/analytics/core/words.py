"""The words of the console: codes as people say them, numbers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from services.analytics.core.definitions import ANSWERS_MIN
from services.analytics.core.figures import Figure

NOTHING = "–"
WORDS: Mapping[str, str] = {
    "all-mentors-full": "all fitting mentors are full",
    "all-mentees-placed": "fitting mentees have found others",
    "all-peers-placed": "fitting peers have found others",
    "no-peers": "no other peer is ready",
    "no-mentors": "no mentor is ready",
    "no-mentees": "no mentee is ready",
    "blocked": "ruled out or tried before",
    "seniority": "not of the level asked for",
    "no-seats-offered": "offers no seat",
    "not-eligible": "may not take part",
}
"""Codes whose letters alone do not say it; any other is read as it is written."""


def code_words(code: str | None) -> str:
    """`no-time` → `No time`; a code with two parts, `mentee:no-candidate` → `Mentee: no candidate`."""
    if not code:
        return NOTHING
    words = ": ".join(WORDS.get(part, part.replace("-", " ").replace("_", " ")) for part in code.split(":"))
    return words[:1].upper() + words[1:]


def value_words(figure: Figure) -> str:
    """The number of a figure as it stands on a tile."""
    if figure.suppressed:
        return f"fewer than {ANSWERS_MIN} answers"
    if figure.definition.kind == "count":
        return whole(figure.counted)
    if figure.value is None:
        return NOTHING
    if figure.definition.kind == "rate":
        return percent(figure.value)
    if figure.definition.kind == "rating":
        return f"{figure.value:.1f}"
    return decimal(figure.value)


def base_words(figure: Figure) -> str:
    """What stands behind a figure, in one short line."""
    definition, rows = figure.definition, figure.rows
    if definition.kind == "rate":
        return f"{whole(figure.counted)} of {whole(rows)}" if rows else "nothing to count yet"
    if definition.kind == "rating":
        return f"of 5, from {whole(rows)} answers" if rows and not figure.suppressed else "no rating to show"
    if definition.kind in ("days", "minutes"):
        return f"90 % within {decimal(figure.p90)}" if figure.p90 is not None else "none yet"
    return ""


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def whole(number: int) -> str:
    """12345 → `12,345`."""
    return f"{number:,}"


def decimal(number: float) -> str:
    """One place, none where it would be a zero."""
    text = f"{number:,.1f}"
    return text.removesuffix(".0")


def day_words(moment: datetime | date | None) -> str:
    """`2 Mar 2026`, in UTC."""
    if moment is None:
        return NOTHING
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).date()
    return f"{moment.day} {moment:%b %Y}"


def time_words(moment: datetime | None) -> str:
    """`2 Mar 2026, 09:30`, in UTC."""
    return NOTHING if moment is None else f"{day_words(moment)}, {moment.astimezone(UTC):%H:%M}"


def age_words(seconds: float) -> str:
    """An age in the unit a person would choose: `0 s`, `45 s`, `12 min`, `3 h`, `2 days`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:.0f} days"

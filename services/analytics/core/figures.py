"""What each figure means. The rows behind it come from `facts_behind` in SQL; here they become a number.

Definitions follow the field: a rate is the counted rows over all rows behind it, a duration the median with
its 90th percentile, satisfaction a mean that is shown only when enough people answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

AGREEMENT_DUE_DAYS = 14
MET_WITHIN_CADENCES = 1.5
ANSWERS_MIN = 5

Kind = Literal["count", "rate", "days", "minutes", "rating"]
Scope = Literal["programme", "company"]


@dataclass(frozen=True)
class Definition:
    """One figure: its name for people, how its rows become a number, the target it is held against.

    `ranged` figures count what happened since a moment; the others tell how things stand.
    """

    code: str
    title: str
    kind: Kind
    meaning: str
    ranged: bool = False
    target: float | None = None
    scope: Scope = "programme"


@dataclass(frozen=True)
class Total:
    """The aggregate of the rows behind a figure. Mean, median and p90 are of the rows' amounts."""

    figure: str
    rows: int
    counted: int
    mean: float | None = None
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Figure:
    """A number to show. `value` is None where nothing stands behind it, or too little to be told.

    Rates are between 0 and 1, ratings between 1 and 5, durations in days or minutes.
    """

    definition: Definition
    value: float | None
    rows: int
    counted: int
    p90: float | None = None
    suppressed: bool = False


@dataclass(frozen=True)
class Question:
    """Which rows: of a programme (None: the whole company), as things stood at, happened since."""

    programme_id: UUID | None
    as_of: datetime
    since: datetime


@dataclass(frozen=True)
class Row:
    """One row behind a figure."""

    row_id: UUID
    at: datetime
    counted: bool
    amount: float | None
    person_id: UUID | None
    partner_id: UUID | None
    match_id: UUID | None
    session_id: UUID | None
    code: str | None


DEFINITIONS: tuple[Definition, ...] = (
    Definition("people", "People reached", "count", "Invited to the programme, or in it."),
    Definition("joined", "Joined", "count", "People who joined, in one role or both."),
    Definition("matched", "Matched", "count", "People who joined and have ever had a match."),
    Definition("met", "Met", "count", "Matched people whose pair has completed a session."),
    Definition("gave-feedback", "Gave feedback", "count", "People who met and answered a feedback form."),
    Definition(
        "match-rate",
        "Match rate",
        "rate",
        "Active participants in an open match, of all active participants.",
        target=0.70,
    ),
    Definition(
        "mentor-utilisation",
        "Mentor utilisation",
        "rate",
        "Mentors with at least one active match, of all enrolled mentors.",
        target=0.70,
    ),
    Definition(
        "active-pairing",
        "Active pairing",
        "rate",
        "Active matches that met within one and a half cadences, of all active matches.",
        target=0.75,
    ),
    Definition(
        "session-completion",
        "Session completion",
        "rate",
        "Sessions completed, of all that were scheduled and whose date has passed.",
        ranged=True,
        target=0.80,
    ),
    Definition(
        "satisfaction",
        "Satisfaction",
        "rating",
        "Mean overall rating of sessions, of 5. Shown from five answers on; whole months.",
        ranged=True,
        target=4.0,
    ),
    Definition(
        "days-to-match",
        "Days to match",
        "days",
        "From joining as a mentee to the first match: median.",
        ranged=True,
    ),
    Definition(
        "days-to-first-session",
        "Days to first session",
        "days",
        "From the match to the first session the pair completed: median.",
        ranged=True,
    ),
    Definition("proposals", "Proposals", "count", "Pairs proposed by a matching round.", ranged=True),
    Definition("matches", "Matches made", "count", "Proposals both sides accepted.", ranged=True),
    Definition("active-pairs", "Active pairs", "count", "Matches made and not ended."),
    Definition("sessions-scheduled", "Sessions scheduled", "count", "By the time of booking.", ranged=True),
    Definition(
        "sessions-completed", "Sessions completed", "count", "By the time they took place.", ranged=True
    ),
    Definition("sessions-missed", "Sessions missed", "count", "By the time they were planned.", ranged=True),
    Definition(
        "sessions-cancelled", "Sessions cancelled", "count", "In time or late, by planned time.", ranged=True
    ),
    Definition("feedback", "Feedback forms", "count", "Forms answered by either side.", ranged=True),
    Definition("waiting", "People waiting", "count", "Without a partner after the last matching round."),
    Definition(
        "agreements-missing",
        "Agreements missing",
        "count",
        "Active pairs with no agreement confirmed by both, 14 days after the match.",
    ),
    Definition(
        "messages-sent",
        "Messages sent",
        "minutes",
        "Mails handed over; median minutes after they were due.",
        ranged=True,
        scope="company",
    ),
    Definition(
        "messages-failed",
        "Messages failed",
        "count",
        "Mails given up after all attempts.",
        ranged=True,
        scope="company",
    ),
)

FUNNEL = ("people", "joined", "matched", "met", "gave-feedback")


def find_definition(code: str) -> Definition | None:
    return next((definition for definition in DEFINITIONS if definition.code == code), None)


def figure(definition: Definition, total: Total | None) -> Figure:
    """The number for what was aggregated; None stands for no rows at all."""
    total = total or Total(definition.code, 0, 0)
    suppressed = is_suppressed(definition, total.rows)
    value, p90 = (None, None) if suppressed else (_value(definition.kind, total), total.p90)
    return Figure(
        definition,
        value,
        total.rows,
        total.counted,
        p90 if definition.kind in ("days", "minutes") else None,
        suppressed,
    )


def figures(totals: Iterable[Total], scope: Scope = "programme") -> Mapping[str, Figure]:
    """All figures of a scope by code, in the order they are told, those without rows included."""
    known = {total.figure: total for total in totals}
    return {d.code: figure(d, known.get(d.code)) for d in DEFINITIONS if d.scope == scope}


def is_suppressed(definition: Definition, rows: int) -> bool:
    """Whether so few answered that a number would speak of single people. No answer at all is no secret."""
    return definition.kind == "rating" and 0 < rows < ANSWERS_MIN


def rate(counted: int, of: int) -> float | None:
    """A share between 0 and 1; None of nothing."""
    return counted / of if of else None


def since_days(now: datetime, days: int | None) -> datetime:
    """The beginning of a time range of so many days; None means all of it."""
    if days is None:
        return datetime.fromtimestamp(0, tz=now.tzinfo)
    return now - timedelta(days=days)


def _value(kind: Kind, total: Total) -> float | None:
    if kind == "count":
        return float(total.counted)
    if kind == "rate":
        return rate(total.counted, total.rows)
    return total.mean if kind == "rating" else total.median

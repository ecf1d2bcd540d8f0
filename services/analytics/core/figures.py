"""What each figure means. The rows behind it come from `facts_behind` in SQL; here they become a number.

Definitions follow the field: a rate is the counted rows over all rows behind it, a duration the median with
its 90th percentile, satisfaction a mean that is shown only when enough people answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.analytics.core.definitions import ANSWERS_MIN, DEFINITIONS, Definition, Kind, Scope


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

"""Figures and the lists behind them: every statement here reads the same rows, `facts_behind`.

Means are of exact numbers: a mean of floats would depend on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from services.analytics.core.definitions import AGREEMENT_DUE_DAYS, MET_WITHIN_CADENCES
from services.analytics.core.figures import Question, Row, Total
from shared.privacy import FORMER
from shared.tx import Connection

THRESHOLDS = (AGREEMENT_DUE_DAYS, MET_WITHIN_CADENCES)


async def totals(conn: Connection, question: Question) -> tuple[Total, ...]:
    """Every figure that has any row behind it."""
    rows = await conn.fetch(
        """
        SELECT figure, count(*) AS rows, count(*) FILTER (WHERE counted) AS counted,
               avg(amount::numeric)::float8 AS mean,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median,
               percentile_cont(0.9) WITHIN GROUP (ORDER BY amount) AS p90
        FROM facts_behind($1, $2, $3, $4, $5) GROUP BY figure
        """,
        *_of(question),
    )
    return tuple(
        Total(row["figure"], row["rows"], row["counted"], row["mean"], row["median"], row["p90"])
        for row in rows
    )


async def list_rows(
    conn: Connection,
    question: Question,
    figure: str,
    *,
    after: tuple[datetime, UUID] | None = None,
    until: datetime | None = None,
    code: str | None = None,
    limit: int,
) -> tuple[Row, ...]:
    """The rows behind one figure, newest first. `until` (exclusive) and `code` narrow to a part of them."""
    after_at, after_id = after or (None, None)
    rows = await conn.fetch(
        """
        SELECT row_id, at, counted, amount, person_id, partner_id, match_id, session_id, code
        FROM facts_behind($1, $2, $3, $4, $5)
        WHERE figure = $6 AND ($7::timestamptz IS NULL OR (at, row_id) < ($7, $8::uuid))
          AND ($9::timestamptz IS NULL OR at < $9) AND ($10::text IS NULL OR code = $10)
        ORDER BY at DESC, row_id DESC LIMIT $11
        """,
        *(*_of(question), figure, after_at, after_id, until, code, limit),
    )
    return tuple(Row(*row) for row in rows)


async def count_by_code(conn: Connection, question: Question, figure: str) -> Mapping[str, int]:
    """How many of a figure's rows carry each code, most first."""
    rows = await conn.fetch(
        """
        SELECT code, count(*) AS many FROM facts_behind($1, $2, $3, $4, $5)
        WHERE figure = $6 GROUP BY code ORDER BY many DESC, code
        """,
        *(*_of(question), figure),
    )
    return {row["code"] or "": row["many"] for row in rows}


async def count_by_amount(conn: Connection, question: Question, figure: str) -> Mapping[int, int]:
    """How many of a figure's rows carry each whole amount."""
    rows = await conn.fetch(
        """
        SELECT round(amount)::int AS amount, count(*) AS many FROM facts_behind($1, $2, $3, $4, $5)
        WHERE figure = $6 AND amount IS NOT NULL GROUP BY 1 ORDER BY 1
        """,
        *(*_of(question), figure),
    )
    return {row["amount"]: row["many"] for row in rows}


async def count_by_week(conn: Connection, question: Question, figure: str) -> Mapping[date, int]:
    """How many of a figure's rows fall into each week (its Monday, UTC)."""
    rows = await conn.fetch(
        """
        SELECT date_trunc('week', at, 'UTC') AS week, count(*) AS many
        FROM facts_behind($1, $2, $3, $4, $5) WHERE figure = $6 GROUP BY 1 ORDER BY 1
        """,
        *(*_of(question), figure),
    )
    return {row["week"].date(): row["many"] for row in rows}


async def names(conn: Connection, person_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """The names of those whose card was heard; of who was erased, words that say so."""
    rows = await conn.fetch(
        """
        SELECT person_id, name FROM person WHERE person_id = ANY ($1::uuid[])
        UNION ALL
        SELECT person_id, $2 FROM erased_person WHERE person_id = ANY ($1::uuid[])
        """,
        list(person_ids),
        " ".join(FORMER),
    )
    return {row["person_id"]: row["name"] for row in rows}


def _of(question: Question) -> tuple[UUID | None, datetime, datetime, int, float]:
    return (question.programme_id, question.as_of, question.since, *THRESHOLDS)

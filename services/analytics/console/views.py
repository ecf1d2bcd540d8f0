"""What each page of the console shows, read in one snapshot of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.analytics.core import days, funnel, live, periods
from services.analytics.core import figures as core
from services.analytics.core.definitions import Definition
from services.analytics.core.pairs import STATES, Pair
from services.analytics.store import days as day_store
from services.analytics.store import figures as figure_store
from services.analytics.store import live as live_store
from services.analytics.store import pairs as pair_store
from services.analytics.store import people
from services.analytics.store.people import Programme
from shared import tx as transactions
from shared.api import paging
from shared.tx import Connection, Door

SESSION_FIGURES = ("sessions-completed", "sessions-missed", "sessions-cancelled")
TREND_FIGURES = ("match-rate", "active-pairing", "session-completion")
MISSING_SHOWN = 5
PAIRS_SHOWN = 200
LIVE_STRETCH = timedelta(minutes=10)


@dataclass(frozen=True)
class Named:
    """A row behind a figure with the names of those it is about."""

    row: core.Row
    person: str
    partner: str


@dataclass(frozen=True)
class ProgrammeView:
    """All of the page Programme. `weeks` holds a count per week for each of SESSION_FIGURES."""

    programme: Programme | None
    programmes: Sequence[Programme]
    as_of: datetime
    period: str
    figures: Mapping[str, core.Figure]
    steps: Sequence[funnel.Step]
    weeks: Mapping[str, Mapping[date, int]]
    ratings: Mapping[int, int]
    waiting: Mapping[str, int]
    missing: Sequence[Named]
    trend: Sequence[tuple[date, core.Total]]
    page: str = ""

    @property
    def programme_id(self) -> UUID | None:
        return self.programme.id if self.programme else None


@dataclass(frozen=True)
class PairsView:
    programme: Programme | None
    programmes: Sequence[Programme]
    as_of: datetime
    states: Mapping[str, int]
    chosen: str
    text: str
    pairs: Sequence[Pair]
    page: str = "pairs"
    period: str | None = None

    @property
    def programme_id(self) -> UUID | None:
        return self.programme.id if self.programme else None

    @property
    def is_cut(self) -> bool:
        return len(self.pairs) >= PAIRS_SHOWN


@dataclass(frozen=True)
class ListView:
    """The list behind a figure; `following` is the cursor of the next page."""

    programme: Programme | None
    definition: Definition
    figure: core.Figure
    as_of: datetime
    period: str
    code: str | None
    week: date | None
    rows: Sequence[Named]
    following: str | None

    @property
    def has_partners(self) -> bool:
        return any(one.partner for one in self.rows)


@dataclass(frozen=True)
class LiveView:
    """Events of the last minutes by record (wall) time, and the messages of all time."""

    now: datetime
    business_now: datetime
    seconds: Sequence[tuple[datetime, float]]
    topics: Mapping[str, int]
    messages: Mapping[str, core.Figure]

    @property
    def is_told(self) -> bool:
        """Whether the time of the business is another than the wall's."""
        return abs((self.now - self.business_now).total_seconds()) > 60 and self.business_now.year > 1970


@dataclass(frozen=True)
class Part:
    """Which part of a figure's list is asked for."""

    code: str | None = None
    week: date | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


async def programme(door: Door, chosen: UUID | None, period: str) -> ProgrammeView:
    now = door.clock.now()
    since = core.since_days(now, periods.days_of(period))
    async with transactions.snapshot(door) as conn:
        programmes = await people.programmes(conn)
        shown = _choose(programmes, chosen)
        question = core.Question(shown.id if shown else None, now, since)
        found = core.figures(await figure_store.totals(conn, question) if shown else ())
        missing = await figure_store.list_rows(conn, question, "agreements-missing", limit=MISSING_SHOWN)
        ratings = await figure_store.count_by_amount(conn, question, "satisfaction")
        return ProgrammeView(
            programme=shown,
            programmes=programmes,
            as_of=now,
            period=periods.known(period),
            figures=found,
            steps=funnel.funnel(found),
            weeks={code: await figure_store.count_by_week(conn, question, code) for code in SESSION_FIGURES},
            ratings={} if found["satisfaction"].suppressed else ratings,
            waiting=await figure_store.count_by_code(conn, question, "waiting"),
            missing=await _named(conn, missing),
            trend=await day_store.series(conn, shown.id, TREND_FIGURES, since=since.date()) if shown else (),
        )


async def pairs(door: Door, chosen: UUID | None, state: str, text: str) -> PairsView:
    """Pairs in one state, or in any where the state is none of STATES."""
    now = door.clock.now()
    states = (state,) if state in STATES else STATES
    async with transactions.snapshot(door) as conn:
        programmes = await people.programmes(conn)
        shown = _choose(programmes, chosen)
        found = (
            await pair_store.pairs(conn, shown.id, now, states=states, text=text, limit=PAIRS_SHOWN)
            if shown
            else ()
        )
        counts = await pair_store.count_states(conn, shown.id) if shown else {}
        return PairsView(shown, programmes, now, counts, state, text, found)


async def behind(
    door: Door, definition: Definition, chosen: UUID | None, period: str, *, part: Part
) -> ListView:
    now = door.clock.now()
    since = core.since_days(now, periods.days_of(period))
    until = None
    if part.week is not None:
        since, until = max(since, days.midnight(part.week)), days.midnight(part.week + days.A_WEEK)
    async with transactions.snapshot(door) as conn:
        company = definition.scope == "company"
        shown = None if company else _choose(await people.programmes(conn), chosen)
        question = core.Question(shown.id if shown else None, now, since)
        totals = await figure_store.totals(conn, question)
        figure = core.figures(totals, definition.scope)[definition.code]
        rows: Sequence[core.Row] = ()
        if not figure.suppressed:
            rows = await figure_store.list_rows(
                *(conn, question, definition.code),
                after=part.after,
                until=until,
                code=part.code,
                limit=part.limit + 1,
            )
        named = await _named(conn, rows[: part.limit])
    more = len(rows) > part.limit
    following = paging.page(rows, part.limit, key=lambda row: (row.at, row.row_id)).next if more else None
    return ListView(
        *(shown, definition, figure, now, periods.known(period), part.code, part.week, named, following)
    )


async def live_windows(door: Door, now: datetime) -> LiveView:
    """`now` is wall time, as the windows are."""
    since = live.window_of(now - LIVE_STRETCH)
    business_now = door.clock.now()
    question = core.Question(None, business_now, core.since_days(business_now, None))
    async with transactions.snapshot(door) as conn:
        windows = await live_store.windows(conn, since=since)
        totals = await figure_store.totals(conn, question)
    return LiveView(
        now=now,
        business_now=business_now,
        seconds=live.per_second(windows, since=since, until=now),
        topics=live.by_topic(windows),
        messages=core.figures(totals, scope="company"),
    )


def wall_now() -> datetime:
    return datetime.now(UTC)


def _choose(programmes: Sequence[Programme], chosen: UUID | None) -> Programme | None:
    """The chosen programme, else the one most people are in."""
    asked = next((one for one in programmes if one.id == chosen), None)
    return asked or (programmes[0] if programmes else None)


async def _named(conn: Connection, rows: Sequence[core.Row]) -> tuple[Named, ...]:
    ids = {one for row in rows for one in (row.person_id, row.partner_id) if one is not None}
    names = await figure_store.names(conn, list(ids))

    def name(person_id: UUID | None) -> str:
        return "" if person_id is None else names.get(person_id, "Not known yet")

    return tuple(Named(row, name(row.person_id), name(row.partner_id)) for row in rows)

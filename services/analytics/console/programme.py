"""The page Programme: how one programme is doing."""

from __future__ import annotations

from fastapi import Request
from nicegui import events, ui

from services.analytics.console import charts, views
from services.analytics.console.frame import as_id, frame, go
from services.analytics.console.house import House, link
from services.analytics.console.parts import Parts, keep
from services.analytics.console.views import ProgrammeView

REFRESH_S = 3.0


def register(house: House) -> None:
    async def page(request: Request, programme: str = "", period: str = "all") -> None:
        async def load() -> ProgrammeView:
            return await views.programme(house.door, as_id(programme), period)

        with frame(house, request, title="Programme", current="programme", programme=programme):
            parts = Parts[ProgrammeView](house)
            _build(parts)
            await keep(parts, load, every_s=REFRESH_S)

    ui.page("/")(page)


def _build(parts: Parts[ProgrammeView]) -> None:
    seen: list[ProgrammeView] = []
    parts.also(lambda view: seen.__setitem__(slice(None), [view]))

    def open_week(click: events.EChartPointClickEventArguments) -> None:
        view, code = seen[0], charts.WEEK_SERIES[click.series_index][0]
        week = charts.week_list(view.weeks, view.as_of)[click.data_index].isoformat()
        go(link(f"figures/{code}", programme=view.programme_id, period=view.period, week=week))

    with ui.element("div").classes("title"):
        parts.html("title.html")
        parts.html("choice.html", classes="controls")
    parts.html("tiles.html", tag="section", classes="tiles")
    with ui.element("div").classes("grid"):
        parts.html("funnel.html", tag="section", classes="card")
        with ui.element("section").classes("card"):
            parts.html("weeks_head.html")
            parts.chart(
                lambda view: charts.sessions_per_week(view.weeks, view.as_of),
                says=_weeks_in_words,
                empty=lambda view: not any(view.weeks.values()),
                on_point=open_week,
            )
        with ui.element("section").classes("card"):
            parts.html("trend_head.html")
            parts.chart(
                lambda view: charts.trend(view.trend),
                says=_trend_in_words,
                empty=lambda view: not view.trend,
            )
        parts.html("waiting.html", tag="section", classes="card")
        parts.html("ratings.html", tag="section", classes="card")
        parts.html("missing.html", tag="section", classes="card")
    parts.html("changes.html", tag="section", classes="tiles")


def _weeks_in_words(view: ProgrammeView) -> str:
    done = sum(view.weeks["sessions-completed"].values())
    return f"Sessions per week: {done} completed in all, in {len(view.weeks['sessions-completed'])} weeks"


def _trend_in_words(view: ProgrammeView) -> str:
    return "Match rate, active pairing and session completion day by day, in percent"

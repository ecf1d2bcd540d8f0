"""Charts as ECharts options, drawn as SVG with the CSS colours of the page: one set for dark and light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from services.analytics.core import days, figures

Options: TypeAlias = dict[str, Any]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
WEEK_SERIES = (
    ("sessions-completed", "Completed", "var(--series-1)"),
    ("sessions-missed", "Missed", "var(--series-2)"),
    ("sessions-cancelled", "Cancelled", "var(--series-3)"),
)
TREND_SERIES = (
    ("match-rate", "Match rate", "var(--series-1)", "solid"),
    ("active-pairing", "Active pairing", "var(--series-2)", "dashed"),
    ("session-completion", "Session completion", "var(--series-4)", "dotted"),
)


def week_list(weeks: Mapping[str, Mapping[date, int]], until: datetime) -> tuple[date, ...]:
    """Every week from the first with a session up to now."""
    together: dict[date, int] = {}
    for counts in weeks.values():
        for week, many in counts.items():
            together[week] = together.get(week, 0) + many
    return tuple(week for week, _ in days.every_week(together, until))


def sessions_per_week(weeks: Mapping[str, Mapping[date, int]], until: datetime) -> Options:
    shown = week_list(weeks, until)
    series = [
        {
            "type": "bar",
            "name": name,
            "stack": "sessions",
            "barMaxWidth": 26,
            "barCategoryGap": "28%",
            "cursor": "pointer",
            "itemStyle": {"color": colour, "borderColor": "var(--surface)", "borderWidth": 0.5},
            "emphasis": {"disabled": True},
            "data": [weeks.get(code, {}).get(week, 0) for week in shown],
        }
        for code, name, colour in WEEK_SERIES
    ]
    return {
        **_frame(),
        "xAxis": {**_x_axis(), "type": "category", "data": [_short(week) for week in shown]},
        "yAxis": {**_y_axis(), "minInterval": 1},
        "series": series,
    }


def trend(points: Sequence[tuple[date, figures.Total]]) -> Options:
    """Rates day by day, in percent."""
    shares: dict[str, list[list[object]]] = {code: [] for code, *_ in TREND_SERIES}
    for day, total in points:
        share = figures.rate(total.counted, total.rows)
        if total.figure in shares and share is not None:
            shares[total.figure].append([days.midnight(day).isoformat(), round(share * 100, 1)])
    series = [
        {
            **_line(name, colour),
            "lineStyle": {"color": colour, "width": 2.25, "type": dash},
            "data": shares[code],
        }
        for code, name, colour, dash in TREND_SERIES
    ]
    return {
        **_frame(),
        "xAxis": _time_axis("{d} {MMM}"),
        "yAxis": {
            **_y_axis(),
            "min": 0,
            "max": 100,
            "interval": 25,
            "axisLabel": {**_label(), "formatter": "{value} %"},
        },
        "series": series,
    }


def events_per_second(seconds: Sequence[tuple[datetime, float]]) -> Options:
    line = _line("Events per second", "var(--series-1)")
    area = {"areaStyle": {"color": "var(--series-1)", "opacity": 0.14}, "lineStyle": {"width": 2}}
    data = [[moment.astimezone(UTC).isoformat(), round(value, 2)] for moment, value in seconds]
    return {
        **_frame(),
        "xAxis": _time_axis("{HH}:{mm}"),
        "yAxis": _y_axis(),
        "series": [{**line, **area, "data": data}],
    }


def _frame() -> Options:
    return {
        "animation": False,
        "useUTC": True,
        "textStyle": {"fontFamily": FONT, "fontSize": 13, "color": "var(--soft)"},
        "grid": {"left": 4, "right": 12, "top": 12, "bottom": 12, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "axisPointer": {"type": "line", "lineStyle": {"color": "var(--edge)", "width": 1}},
            "backgroundColor": "var(--surface)",
            "borderColor": "var(--line)",
            "textStyle": {"color": "var(--ink)", "fontSize": 13},
            "extraCssText": "box-shadow: 0 6px 24px rgb(0 0 0 / .14); border-radius: 10px;",
        },
    }


def _line(name: str, colour: str) -> Options:
    return {
        "type": "line",
        "name": name,
        "showSymbol": False,
        "symbol": "circle",
        "symbolSize": 6,
        "itemStyle": {"color": colour},
        "emphasis": {"disabled": True},
    }


def _label() -> Options:
    return {"color": "var(--soft)", "fontSize": 12}


def _x_axis() -> Options:
    line = {"lineStyle": {"color": "var(--line)"}}
    return {
        "axisLine": line,
        "axisTick": {"show": False},
        "axisLabel": _label(),
        "splitLine": {"show": False},
    }


def _time_axis(words: str) -> Options:
    label = {**_label(), "hideOverlap": True, "formatter": words}
    return {**_x_axis(), "type": "time", "splitNumber": 6, "axisLabel": label}


def _y_axis() -> Options:
    return {
        "type": "value",
        "axisLabel": _label(),
        "splitNumber": 4,
        "splitLine": {"lineStyle": {"color": "var(--line)", "width": 1}},
    }


def _short(week: date) -> str:
    return f"{week.day} {week:%b}"

"""What the console makes of facts before a browser sees it: charts, addresses, templates, its door."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import MappingProxyType, SimpleNamespace

import pytest

from services.analytics.console import charts, plumbing
from services.analytics.console.house import environment, link
from services.analytics.console.mounting import ENTRANCE
from services.analytics.core.figures import Total
from shared import auth
from shared.clock import WallClock
from shared.guard import Sessions

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
TOKEN = auth.Token("admin", auth.hash_token("open sesame"), frozenset({"admin"}))
OTHER = auth.Token("hr", auth.hash_token("feed"), frozenset({"people:write"}))


def sessions(*tokens: auth.Token, key: str = "a key of thirty-two letters, more") -> Sessions:
    return Sessions(ENTRANCE, auth.Keys(tokens, key, WallClock()), hours=12)


def test_a_session_is_whose_token_it_was() -> None:
    door = sessions(TOKEN, OTHER)
    caller = door.holder("open sesame")
    assert caller is not None
    assert door.caller(door.begin(caller)) == auth.Caller("admin", frozenset({"admin"}))


def test_a_token_without_the_scope_opens_nothing() -> None:
    assert sessions(TOKEN, OTHER).holder("feed") is None
    assert sessions(TOKEN).holder("nonsense") is None


def test_a_session_ends_when_its_token_is_withdrawn() -> None:
    before = sessions(TOKEN)
    caller = before.holder("open sesame")
    assert caller is not None
    assert sessions(OTHER).caller(before.begin(caller)) is None


@pytest.mark.parametrize("cookie", [None, "", "admin", "ImFkbWluIg.aaaaaa.bbbbbbbb"])
def test_a_forged_cookie_is_nobodys(cookie: str | None) -> None:
    assert sessions(TOKEN).caller(cookie) is None


def test_a_cookie_signed_with_another_key_is_nobodys() -> None:
    caller = auth.Caller("admin", frozenset({"admin"}))
    assert (
        sessions(TOKEN).caller(sessions(TOKEN, key="another key of thirty-two letters").begin(caller)) is None
    )


def test_a_session_that_is_too_old_is_nobodys() -> None:
    door = Sessions(ENTRANCE, sessions(TOKEN).keys, hours=-1)
    assert door.caller(door.begin(auth.Caller("admin", frozenset()))) is None


def test_weeks_are_stacked_by_what_became_of_the_sessions() -> None:
    weeks = {
        "sessions-completed": {date(2026, 3, 2): 4},
        "sessions-missed": {date(2026, 3, 16): 1},
        "sessions-cancelled": MappingProxyType({}),
    }
    options = charts.sessions_per_week(weeks, NOW)
    assert options["xAxis"]["data"] == ["2 Mar", "9 Mar", "16 Mar"]
    assert [series["data"] for series in options["series"]] == [[4, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert charts.week_list(weeks, NOW) == (date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16))


def test_a_day_without_anybody_to_count_is_no_point_of_the_trend() -> None:
    points = [
        (date(2026, 3, 2), Total("match-rate", 0, 0)),
        (date(2026, 3, 3), Total("match-rate", 8, 2)),
        (date(2026, 3, 3), Total("people", 8, 8)),
    ]
    series = charts.trend(points)["series"]
    assert [one["data"] for one in series] == [[["2026-03-03T00:00:00+00:00", 25.0]], [], []]


def test_addresses_leave_out_what_is_not_said() -> None:
    assert link() == "/console/"
    assert link("pairs", programme=None, text="", state="active") == "/console/pairs?state=active"
    assert link("figures/waiting", code="mentee:no candidate") == (
        "/console/figures/waiting?code=mentee%3Ano+candidate"
    )


def test_names_cannot_bring_markup_into_a_page() -> None:
    evil = "<img src=x onerror=alert(1)>"
    page = environment().from_string("{{ name }} {{ name | code }}").render(name=evil)
    assert "<img" not in page


def test_what_a_process_says_of_itself_is_read() -> None:
    said = {
        "service": "matching",
        "ready": {"database": {"ok": True, "detail": ""}, "broker": {"ok": False, "detail": "away"}},
        "outbox": {"rows": 3, "oldest_age_s": 1.5},
        "consumer": {"lag": 7, "stopped_reason": None},
        "parked": {"failed": 2},
    }
    process = plumbing.read("matching", "http://somewhere", said)
    assert (process.lag, process.outbox_rows, process.outbox_age_s, process.parked) == (
        7,
        3,
        1.5,
        {"failed": 2},
    )
    assert process.problems == ("broker: away",)
    assert not process.is_well


@pytest.mark.parametrize(
    "said", [{}, {"ready": 1}, {"ready": {}, "outbox": {}, "consumer": {}, "parked": {}}]
)
def test_an_answer_that_is_something_else_is_not_taken_for_one(said: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        plumbing.read("matching", "http://somewhere", said)


def test_a_programme_leads_to_its_page_on_the_desk_of_matching_where_that_is_known() -> None:
    programme = SimpleNamespace(name="Career growth", kind="evergreen", state="open")
    view = SimpleNamespace(programme=programme, programme_id="17", as_of=NOW)
    shown = environment("https://desk.example/desk/").get_template("console/title.html").render(view=view)
    assert 'href="https://desk.example/desk/programmes/17"' in shown
    assert "href" not in environment().get_template("console/title.html").render(view=view)

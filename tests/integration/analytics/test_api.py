"""What programs may ask of analytics, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.analytics import api
from services.analytics.service import build
from services.analytics.settings import Settings
from shared import auth
from shared.api import application
from shared.clock import SteppedClock
from shared.tx import Door, transaction
from tests import infra
from tests.integration.analytics.builders import day, hear, programme, rated
from tests.integration.analytics.processes import environment
from tests.integration.analytics.test_figures import COUNTS, NOW, RATES, STORY

READER = {"Authorization": "Bearer a-reader"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment(dsn="postgresql:///", kafka="", prefix="", folder=tmp_path).items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.fixture
async def at_now(door: infra.MakeDoor) -> Door:
    found = await door("analytics")
    assert isinstance(found.clock, SteppedClock)
    found.clock.set(day(NOW))
    async with transaction(found) as tx:
        await hear(tx.conn, *STORY)
    return found


@pytest.fixture
async def http(at_now: Door, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = application(at_now, settings, api.router(), title="analytics")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://analytics", headers=READER) as client:
        yield client


async def test_U10_the_figures_are_those_counted_by_hand(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/v1/programmes/{programme()}/figures")
    assert answer.status_code == 200
    found = {one["figure"]: one for one in answer.json()["figures"]}
    assert {code: (found[code]["counted"], found[code]["rows"]) for code in RATES} == RATES
    assert {code: found[code]["counted"] for code in COUNTS} == COUNTS
    assert answer.json()["programme"] == "Growth"
    assert found["match-rate"]["target"] == 0.7


async def test_U10_all_pages_of_a_list_together_are_the_figure(http: httpx.AsyncClient) -> None:
    rows: list[dict[str, object]] = []
    after: str | None = None
    for _ in range(10):
        query = {"programme": str(programme()), "limit": "3", **({"after": after} if after else {})}
        page = (await http.get("/v1/figures/match-rate/rows", params=query)).json()
        rows += page["items"]
        after = page["next"]
        if after is None:
            break
    assert (sum(bool(row["counted"]) for row in rows), len(rows)) == RATES["match-rate"]
    assert len({row["id"] for row in rows}) == len(rows)


async def test_a_range_is_counted_from_its_beginning(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/v1/programmes/{programme()}/figures", params={"since": day(20).isoformat()})
    found = {one["figure"]: one for one in answer.json()["figures"]}
    assert found["sessions-completed"]["counted"] == 1
    assert found["active-pairs"]["counted"] == 3


async def test_messages_are_figures_of_the_whole_company(http: httpx.AsyncClient) -> None:
    answer = (await http.get("/v1/figures")).json()
    assert {one["figure"]: one["rows"] for one in answer["figures"]} == {
        "messages-sent": 2,
        "messages-failed": 1,
    }
    assert len((await http.get("/v1/figures/messages-sent/rows")).json()["items"]) == 2


async def test_S41_ratings_of_fewer_than_five_are_told_neither_as_a_mean_nor_one_by_one(
    http: httpx.AsyncClient, at_now: Door
) -> None:
    async def satisfaction() -> dict[str, object]:
        figures = (await http.get(f"/v1/programmes/{programme()}/figures")).json()["figures"]
        return next(one for one in figures if one["figure"] == "satisfaction")

    rows = {"url": "/v1/figures/satisfaction/rows", "params": {"programme": str(programme())}}
    few = await satisfaction()
    assert (few["value"], few["suppressed"]) == (None, True)
    refused = await http.get(**rows)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "too-few-answers")
    async with transaction(at_now) as tx:
        await hear(tx.conn, rated("Dan", "Nora", 1, by="mentor", overall=2, at=19))
    enough = await satisfaction()
    assert (enough["value"], enough["suppressed"]) == (3.0, False)
    listed = await http.get(**rows)  # type: ignore[arg-type]
    assert sorted(row["amount"] for row in listed.json()["items"]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/programmes/6a2f41a3-c54c-4ce8-b3b3-d0f5d1b2a111/figures", 404),
        ("/v1/programmes/nonsense/figures", 422),
        ("/v1/figures/nonsense/rows", 404),
        ("/v1/figures/match-rate/rows", 422),
        ("/v1/figures/messages-sent/rows?limit=0", 422),
        ("/v1/figures/messages-sent/rows?after=nonsense", 400),
        ("/v1/figures?since=yesterday", 422),
    ],
)
async def test_a_wrong_question_gets_a_problem_that_says_why(
    http: httpx.AsyncClient, path: str, status: int
) -> None:
    answer = await http.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_token_or_the_scope_nothing_is_told(http: httpx.AsyncClient) -> None:
    path = f"/v1/programmes/{programme()}/figures"
    assert (await http.get(path, headers={"Authorization": ""})).status_code == 401
    assert (await http.get(path, headers={"Authorization": "Bearer a-stranger"})).status_code == 403


async def test_every_route_is_guarded_and_the_console_by_its_own_door(
    at_now: Door, settings: Settings
) -> None:
    app = build(settings).http(at_now)
    assert [route for route in auth.unguarded_routes(app) if " /console" not in route] == []
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://analytics") as client:
        for path in ("/console/", "/console/pairs", "/console/system", "/console/_nicegui_ws/socket.io/"):
            assert (await client.get(path)).status_code == 401

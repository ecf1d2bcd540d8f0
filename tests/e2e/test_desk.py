"""The desk in a real browser: accessible in light and dark, on a phone and wide, without any script."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.local import ports
from tests import infra
from tests.e2e.consoles import CHROMIUM, FLAGS, NARROW, PATIENCE_MS, WIDE
from tests.integration.matching import world
from tests.integration.matching.world import NEGOTIATION, NINE_TO_FIVE, PROGRAMMING, SPEAKING, World
from tests.unit.matching.builders import a_row

pytestmark = pytest.mark.timeout(300)

GROUPS = {"part-time": "I work part time", "first-generation": "First in my family to study"}
NAMES = (
    "Ana",
    "Ben",
    "Cleo",
    "Dev",
    "Elif",
    "Finn",
    "Gia",
    "Hugo",
    "Ines",
    "Jon",
    "Kim",
    "Lea",
    "Max",
    "Nia",
)
FITS = "document.documentElement.scrollWidth <= innerWidth"


@dataclass(frozen=True)
class Desk:
    base: str
    here: World
    programme: str
    pages: tuple[str, ...]


@pytest_asyncio.fixture
async def desk(door: infra.MakeDoor, tmp_path: Path) -> AsyncIterator[Desk]:
    """A programme that has held a round, served on a port."""
    async with world.opened(await door("matching"), tmp_path) as here:
        (port,) = ports.free(1)
        server = uvicorn.Server(uvicorn.Config(here.app, port=port, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        yield await _filled(here, f"http://127.0.0.1:{port}/desk/")
        server.should_exit = True
        await serving


async def _filled(here: World, base: str) -> Desk:
    chance = random.Random(5)
    await _hire(here, chance)
    programme = await here.open(rules={"group_names": GROUPS})
    await _join(here, programme, chance)
    run = await here.hold_round(programme)
    return Desk(base, here, programme, _pages(here, programme, run))


async def _hire(here: World, chance: random.Random) -> None:
    sites = ("Madrid", "Madrid", "Lisbon", "Berlin")
    await here.hire(
        *(
            a_row(
                number,
                given_name=NAMES[number % 14],
                family_name=f"{NAMES[number // 2 % 14]}son",
                site=chance.choice(sites),
                manager_employee_number=str(9000 + number),
            )
            for number in range(1, 41)
        )
    )


async def _join(here: World, programme: str, chance: random.Random) -> None:
    """Twenty-four mentees, some of whom nobody can help, and fifteen mentors."""
    for number in range(1, 25):
        told = {"values": {"growth": chance.randint(1, 5)}, "style": {"pace": chance.randint(1, 5)}}
        goals = chance.sample([NEGOTIATION, SPEAKING, PROGRAMMING], 2)
        late = number > 14
        answer = await here.enrol(
            programme,
            number,
            "mentee",
            goals=goals,
            languages=["fr"] if number in (5, 9) else ["en"],
            hours=[NINE_TO_FIVE[0] | {"ends": "11:30"}] if late else NINE_TO_FIVE,
            **(told if number % 3 else {}),
        )
        one = answer.json()["items"][0]["participation_id"]
        codes = (["part-time"] if late else []) + (["first-generation"] if number % 2 else [])
        await here.call("PUT", f"/v1/programmes/{programme}/participations/{one}/groups", {"codes": codes})
    for number in range(25, 40):
        skill = chance.choice([NEGOTIATION, SPEAKING])
        told = {"values": {"growth": chance.randint(1, 5)}, "interests": ["games"]}
        await here.enrol(programme, number, "mentor", skills={skill: chance.randint(3, 7)}, **told)


def _pages(here: World, programme: str, run: dict[str, Any]) -> tuple[str, ...]:
    made = run["proposals"][0]
    return (
        "",
        f"programmes/{programme}",
        f"runs/{run['run_id']}",
        f"runs/{run['run_id']}/pairs/{made['mentee_id']}/{made['mentor_id']}",
        f"runs/{run['run_id']}/pairs/{here.people['5']}/{here.people['30']}",
        f"runs/{run['run_id']}/waiting/{here.people['5']}",
        f"programmes/{programme}/readiness",
        f"programmes/{programme}/what-if",
        f"programmes/{programme}/what-if?round=again&min_shared_hours=1&capacities=25+%3D+3&leave=30",
        "programmes/nowhere",
    )


@pytest_asyncio.fixture
async def chrome() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        await made.close()


async def _visit(chrome: Browser, desk: Desk, size: dict[str, int], colours: str) -> Page:
    context = await chrome.new_context(viewport=size, color_scheme=colours)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(f"{desk.base}?token=reader")
    assert "token" not in page.url
    return page


async def test_U2_U3_U14_the_desk_is_accessible_narrow_and_wide_in_dark_and_light(
    desk: Desk, chrome: Browser, tmp_path: Path
) -> None:
    for name, size, colours, pages in (
        ("wide", WIDE, "light", desk.pages),
        ("narrow", NARROW, "dark", tuple(desk.pages[place] for place in (2, 3, 6, 8))),
    ):
        page = await _visit(chrome, desk, size, colours)
        for place, path in enumerate(pages):
            await page.goto(desk.base + path)
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            await page.screenshot(path=tmp_path / f"{name}-{place}.png", full_page=True)
            found = await Axe().run(page)
            assert not found.violations_count, f"{path}: {found.generate_report()}"
            assert await page.evaluate(FITS), f"{path} is too wide"
        await page.context.close()


async def test_U3_a_manager_tries_a_change_by_hand_and_sees_who_gains(desk: Desk, chrome: Browser) -> None:
    page = await _visit(chrome, desk, NARROW, "light")
    await page.get_by_role("link", name="Career growth").click()
    await page.get_by_role("link", name="Try what if").click()
    await page.get_by_text("Seats and people").click()
    await page.get_by_label("Seats of mentors").fill("25 = 4")
    await page.get_by_role("button", name="Show the difference").click()
    await expect(page.get_by_role("img", name="Each mentee is a mark")).to_be_visible()
    await expect(page.get_by_text("would gain,")).to_be_visible()
    await page.context.close()

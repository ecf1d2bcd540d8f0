"""Parked events on the console, in a real browser: looked at, retried, given up; a stop resumed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from shared import inbox, tx
from tests.e2e.consoles import NARROW, PATIENCE_MS, WIDE, Console
from tests.integration.analytics import seeds
from tests.integration.analytics.processes import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

BASE = 10_000_000


async def _states(console: Console, numbers: list[int]) -> list[str]:
    rows = await console.door.pool.fetch("SELECT state FROM parked WHERE id = ANY($1) ORDER BY id", numbers)
    return [row["state"] for row in rows]


def _becomes(console: Console, numbers: list[int], states: list[str]) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return await _states(console, numbers) == states

    return reached


async def test_a_head_is_looked_at_and_dropped_with_a_reason_and_those_behind_it_go_on(
    visit: Page, console: Console
) -> None:
    head, *behind, card = await seeds.seed_parked(console.door, BASE)
    await visit.goto(console.at("system?state=unreadable"))
    row = visit.locator("table.parked tbody tr")
    await expect(row).to_contain_text(["2 behind it"])
    await row.get_by_role("link", name=f"Analytics {head}").click()
    await expect(visit.get_by_role("heading", level=1)).to_have_text(f"Analytics: parked event {head}")
    await expect(visit.locator("pre")).to_have_text('{\n  "at": "yesterday"\n}')
    await expect(visit.locator("tbody tr")).to_have_count(2)
    await visit.get_by_role("button", name="Drop…").click()
    dialog = visit.get_by_role("dialog", name=f"Drop event {head}")
    await dialog.get_by_label("Why?").fill("   ")
    await dialog.get_by_role("button", name="Drop").click()
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Why?").fill("not ours: <b>a test</b>")
    await dialog.get_by_role("button", name="Drop").click()
    await expect(visit.get_by_role("status")).to_contain_text(f"Event {head} of Analytics is dropped")
    await expect(
        visit.get_by_text("by an-administrator for an-administrator: not ours: <b>a test</b>")
    ).to_be_visible()
    await until(_becomes(console, [head, *behind], ["dropped"]), "those behind are applied")
    await visit.goto(console.at("system?state=dropped"))
    await expect(visit.locator("table.parked tbody tr", has_text=f"Analytics {head}")).to_contain_text(
        "not ours"
    )
    await visit.goto(console.at(f"system/parked/analytics/{card}"))
    await visit.get_by_role("button", name="Retry").focus()
    await visit.keyboard.press("Enter")
    await expect(visit.get_by_text(f"There is no parked event {card}")).to_be_visible(timeout=PATIENCE_MS)
    await visit.goto(console.at("system"))
    await expect(visit.get_by_text("Nothing is parked.")).to_be_visible()
    await expect(visit.get_by_text("Matching does not answer")).to_be_visible()


async def test_a_stopped_service_says_since_when_and_why_and_is_resumed(
    visit: Page, console: Console
) -> None:
    async with tx.transaction(console.door) as t:
        await inbox.stop(t.conn, "50 in a row failed")
    await visit.goto(console.at("system"))
    service = visit.locator("tbody tr", has_text="50 in a row failed")
    await expect(service.locator(".tag").first).to_have_text("Stopped")
    await expect(service).to_contain_text("since ")
    await service.get_by_role("button", name="Resume").click()
    dialog = visit.get_by_role("dialog", name="Let Analytics go on?")
    await expect(dialog).to_be_visible()
    await visit.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await service.get_by_role("button", name="Resume").click()
    await dialog.get_by_role("button", name="Resume").click()
    await expect(visit.get_by_role("status")).to_have_text("Analytics goes on listening.")
    await expect(visit.locator("tbody tr", has_text="Analytics").locator(".tag").first).to_have_text("Well")


@pytest.mark.parametrize(("colours", "size", "offset"), [("light", "wide", 100), ("dark", "narrow", 200)])
async def test_what_is_parked_is_accessible_and_fits(
    chromium: Browser, console: Console, colours: str, size: str, offset: int
) -> None:
    head, *_, card = await seeds.seed_parked(console.door, BASE + offset)
    context = await chromium.new_context(
        viewport=WIDE if size == "wide" else NARROW,  # type: ignore[arg-type]
        color_scheme=colours,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    await page.goto(f"{console.base}/console?token=an-administrator")
    for path, there in (
        ("system", f"Analytics {card}"),
        (f"system/parked/analytics/{head}", "What waits behind it"),
    ):
        await page.goto(console.at(path))
        await expect(page.get_by_text(there).first).to_be_visible(timeout=PATIENCE_MS)
        await _is_fine(page, path)
    await page.get_by_role("button", name="Drop…").click()
    await expect(page.get_by_label("Why?")).to_be_focused()
    await _is_fine(page, "the dialog")
    await context.close()


async def _is_fine(page: Page, where: str) -> None:
    found = await Axe().run(page)
    assert not found.violations_count, f"{where}: {found.generate_report()}"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is too wide"

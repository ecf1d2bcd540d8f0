"""The console in a real browser, on a real store: what it shows, how it is reached, and who may see it."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from shared import tx
from tests.e2e.consoles import NARROW, PATIENCE_MS, WIDE, Console
from tests.integration.analytics import seeds
from tests.integration.analytics.builders import a_card, hear, joined, programme

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

PAGES = (
    *("", "pairs", "system", "figures/match-rate", "figures/satisfaction", "figures/waiting"),
    *("figures/messages-sent", f"?programme={programme('New managers')}"),
)


async def _number(page: Page, title: str) -> str:
    tile = page.locator("a.tile", has=page.get_by_text(title, exact=True))
    return (await tile.locator(".number").inner_text()).strip()


async def _rows(page: Page) -> int:
    """The length of a list, all its pages together."""
    many = 0
    while True:
        await page.locator("h1").wait_for()
        many += await page.locator("tbody tr").count()
        following = page.get_by_role("link", name="Show the next")
        if not await following.count():
            return many
        await page.goto(urljoin(page.url, await following.get_attribute("href")))


async def test_the_link_opens_the_console_and_leaves_no_token_in_the_address(
    visit: Page, console: Console
) -> None:
    await expect(visit.get_by_role("heading", level=1)).to_have_text("Career growth")
    assert visit.url == console.at()
    (cookie,) = [one for one in await visit.context.cookies() if one["name"] == "mentoring_console"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/console")
    assert "administrator" not in await visit.content()


async def test_without_a_token_there_is_a_clear_page_that_takes_one(
    chromium: Browser, console: Console
) -> None:
    context = await chromium.new_context()
    page = await context.new_page()
    for path in ("", "pairs", "system?token=wrong", "?token=a-stranger"):
        answer = await page.goto(console.at(path))
        assert answer is not None
        assert answer.status == 401
        await expect(page.get_by_role("heading", level=1)).to_have_text("The console is closed")
    assert (await Axe().run(page)).violations_count == 0
    await page.get_by_label("Token").fill("a-reader")
    await page.get_by_role("button", name="Open the console").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Career growth")
    await context.close()


async def test_the_live_connection_is_closed_to_strangers_and_to_other_sites(
    visit: Page, console: Console
) -> None:
    (cookie,) = [one for one in await visit.context.cookies() if one["name"] == "mentoring_console"]
    held = {"Cookie": f"mentoring_console={cookie['value']}"}
    path = "/console/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    async with httpx.AsyncClient(base_url=console.base) as http:
        assert (await http.get(path)).status_code == 401
        assert (await http.get(path, headers=held)).status_code != 401
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        wire = path.replace("polling", "websocket")
        assert (await http.get(wire, headers=upgrade)).status_code == 403
        foreign = {**upgrade, **held, "Origin": "https://elsewhere.test"}
        assert (await http.get(wire, headers=foreign)).status_code == 403


async def test_U10_the_tiles_show_what_the_api_tells(visit: Page, console: Console) -> None:
    told = await console.figures()
    for code, title in (
        ("match-rate", "Match rate"),
        ("mentor-utilisation", "Mentor utilisation"),
        ("active-pairing", "Active pairing"),
        ("session-completion", "Session completion"),
    ):
        assert await _number(visit, title) == f"{float(str(told[code]['value'])) * 100:.0f} %"
    assert await _number(visit, "Active pairs") == str(told["active-pairs"]["counted"])
    assert await _number(visit, "Satisfaction") == f"{float(str(told['satisfaction']['value'])):.1f}"


@pytest.mark.parametrize(
    "title", ["Match rate", "Session completion", "Time to match", "Active pairs", "Left", "Pairs to look at"]
)
async def test_U10_a_tile_leads_to_the_list_that_was_counted(
    visit: Page, console: Console, title: str
) -> None:
    tile = visit.locator("a.tile", has=visit.get_by_text(title, exact=True))
    code = re.search(r"figures/([a-z-]+)", str(await tile.get_attribute("href")))
    assert code is not None
    await tile.click()
    await expect(visit.get_by_role("heading", level=1)).to_contain_text(title)
    assert await _rows(visit) == (await console.figures())[code[1]]["rows"]


async def test_U10_the_steps_of_the_funnel_are_lists_of_people(visit: Page, console: Console) -> None:
    steps = visit.locator(".steps a")
    await expect(steps).to_have_count(5)
    told = await console.figures()
    texts = await visit.locator(".steps .many").all_inner_texts()
    shown = [text.split()[0] for text in texts]
    codes = ("people", "joined", "matched", "met", "gave-feedback")
    assert shown == [str(told[code]["counted"]) for code in codes]
    await steps.nth(2).click()
    assert await _rows(visit) == told["matched"]["rows"]


async def test_U10_a_bar_of_the_chart_leads_to_the_sessions_of_its_week(visit: Page) -> None:
    bars = visit.locator(".chart svg path[fill='var(--series-1)']")
    await bars.first.wait_for()
    box = await bars.nth(4).bounding_box()
    assert box is not None
    await visit.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await visit.wait_for_url("**/figures/sessions-completed?**week=**")
    await expect(visit.get_by_text("Only the week of")).to_be_visible()
    part = await _rows(visit)
    await visit.get_by_role("link", name="Show all").click()
    await visit.wait_for_url(lambda url: "week=" not in url)
    assert 0 < part < await _rows(visit)


async def test_people_waiting_are_counted_by_reason(visit: Page) -> None:
    reason = visit.locator(".bars a", has_text="No candidate")
    await expect(reason.locator(".many")).to_have_text("3")
    await reason.click()
    await expect(visit.locator("tbody tr")).to_have_count(3)


async def test_a_time_range_narrows_what_happened_and_not_how_things_stand(visit: Page) -> None:
    everything = await visit.get_by_text("completed", exact=False).locator("visible=true").first.inner_text()
    pairs = await _number(visit, "Active pairs")
    await visit.get_by_role("link", name="4 weeks").click()
    await expect(visit.get_by_role("link", name="4 weeks")).to_have_attribute("aria-current", "true")
    recent = await visit.get_by_text("completed", exact=False).locator("visible=true").first.inner_text()
    assert int(recent.split()[0]) < int(everything.split()[0])
    assert await _number(visit, "Active pairs") == pairs


async def test_new_facts_appear_by_themselves(visit: Page, console: Console) -> None:
    before = int(await visit.locator(".steps .many").nth(0).inner_text())
    async with tx.transaction(console.door) as one:
        await hear(one.conn, a_card("Late Comer"), joined("Late Comer", at=seeds.DAYS - 0.5))
    await expect(visit.locator(".steps .many").nth(0)).to_have_text(str(before + 1), timeout=PATIENCE_MS)


async def test_pairs_are_listed_by_state_and_found_by_name(visit: Page, console: Console) -> None:
    await visit.goto(console.at("pairs"))
    told = await console.figures()
    await expect(visit.locator("tbody tr")).to_have_count(int(str(told["active-pairs"]["counted"])))
    first = visit.locator("tbody tr").first
    name = (await first.locator("th span").first.inner_text()).splitlines()[0]
    assert re.search(r"\d{1,2} \w{3} \d{4}", await first.locator("td[data-name='Last contact']").inner_text())
    await visit.get_by_label("Filter by name or department").fill(name.lower())
    await expect(visit.locator("tbody tr")).to_have_count(1)
    await visit.get_by_label("Filter by name or department").fill("<b>nobody</b>")
    await expect(visit.get_by_text("No pair matches")).to_be_visible()
    assert not await visit.locator("main b").count()
    await visit.get_by_label("Filter by name or department").fill("")
    await expect(visit.locator("tbody tr")).not_to_have_count(0)
    await visit.get_by_role("link", name=re.compile("^Declined")).click()
    await expect(visit.locator("tbody tr td[data-name='State']")).to_contain_text(["Declined"])


async def test_the_system_page_tells_how_each_process_is_and_what_goes_on(
    visit: Page, console: Console
) -> None:
    await seeds.seed_windows(console.door)
    await visit.goto(console.at("system"))
    well = visit.locator("tbody tr", has_text="Analytics")
    await expect(well.locator(".tag")).to_have_text("Well", timeout=PATIENCE_MS)
    away = visit.locator("tbody tr", has_text="Matching")
    await expect(away.locator(".tag")).to_have_text("Away")
    await expect(visit.get_by_text("session-completed", exact=True)).to_be_visible()
    await expect(visit.locator(".chart svg path[stroke='var(--series-1)']")).to_have_count(1)
    await expect(visit.locator("dl.facts")).to_contain_text("160")


async def test_machines_are_shown_to_those_who_operate_them_only(chromium: Browser, console: Console) -> None:
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{console.base}/console?token=a-reader")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Career growth")
    assert not await page.get_by_role("link", name="System").count()
    for path in ("system", "system/parked/analytics/1"):
        await page.goto(console.at(path))
        await expect(page.get_by_role("heading", level=1)).to_have_text("Not for this token")
    assert "127.0.0.1:1" not in await page.content()
    await context.close()


async def test_a_programme_without_people_says_what_will_be_there(visit: Page) -> None:
    await visit.get_by_label("Programme").select_option(label="New managers")
    await expect(visit.get_by_role("heading", level=1)).to_have_text("New managers")
    for words in ("Nobody has been invited yet", "No session has taken place yet", "Nobody is waiting"):
        await expect(visit.get_by_text(words)).to_be_visible()
    assert await _number(visit, "Match rate") == "–"


async def test_the_colours_a_visitor_chose_stay(visit: Page) -> None:
    button = visit.get_by_role("button", name=re.compile("Auto|Light|Dark"))
    await button.click()
    await button.click()
    await visit.reload()
    await expect(visit.locator("body")).to_have_class(re.compile("body--dark"))
    await expect(button).to_have_text("Dark")
    await button.click()
    await expect(button).to_have_text("Auto")
    await expect(visit.locator("body")).not_to_have_class(re.compile("body--dark"))


@pytest.mark.parametrize(("colours", "size"), [("light", "wide"), ("dark", "narrow")])
async def test_every_page_is_accessible_fits_and_needs_nothing_from_elsewhere(
    chromium: Browser, console: Console, colours: str, size: str
) -> None:
    context = await chromium.new_context(
        viewport=WIDE if size == "wide" else NARROW,  # type: ignore[arg-type]
        color_scheme=colours,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    troubles: list[str] = []
    page.on(
        "request",
        lambda one: None if one.url.startswith((console.base, "data:")) else troubles.append(one.url),
    )
    page.on("console", lambda one: troubles.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    await page.goto(f"{console.base}/console?token=an-administrator")
    for path in PAGES:
        await page.goto(console.at(path))
        await expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)
        found = await Axe().run(page)
        assert not found.violations_count, f"{path}: {found.generate_report()}"
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{path} is too wide"
        )
    assert troubles == []
    await context.close()


async def test_while_the_store_is_away_the_page_says_so_and_comes_back_by_itself(
    visit: Page, console: Console
) -> None:
    notice = visit.get_by_text("The store does not answer at the moment")
    await console.gate.shut()
    await expect(notice).to_be_visible(timeout=PATIENCE_MS)
    await expect(visit.get_by_role("heading", level=1)).to_have_text("Career growth")
    await console.gate.open()
    await expect(notice).to_be_hidden(timeout=PATIENCE_MS)

"""What participants see in real Chromium on a phone: the pages behind signed links, on a running company."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.e2e import pairs
from tests.e2e.pairs import FEEDBACK, MENTEE, Pair, Someone, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 20_000
FITS = "document.documentElement.scrollWidth <= innerWidth"
OWNERS = {
    "join": "matching",
    "proposal": "matching",
    "agreement": "scheduling",
    "pair": "scheduling",
    "feedback": "scheduling",
}
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'live_window'
"""
"""What a store keeps; windows of the wall clock pass by themselves."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with pairs.town(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def phone(chromium: Browser) -> AsyncIterator[Page]:
    """A phone that runs no JavaScript."""
    context = await chromium.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    yield await context.new_page()
    await context.close()


@dataclass(frozen=True)
class Places:
    """Pairs that stay where they are: invited, with a proposal, matched, booked, with a session to look back
    on. The last to have made a step is the mentee; nobody makes another one."""

    invited: Pair
    proposed: Pair
    matched: Pair
    booked: Pair
    over: Pair
    met: Pair


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def places(town: Town) -> Places:
    met, over = await town.newcomers(), await town.newcomers()
    for step in (town.propose, town.match, town.agree, town.meet):
        await step(met, over)
    await town.report(met)
    await town.fill(town.link(met.mentee, "feedback"), "rating_overall", FEEDBACK)
    booked, matched, proposed, invited = [await town.newcomers() for _ in range(4)]
    await town.propose(booked, matched, proposed)
    await town.match(booked, matched)
    await town.agree(booked)
    await town.fill(town.link(matched.mentee, "agreement"), "hours_per_month", {"focus": "skills"})
    await town.fill(town.link(proposed.mentee, "proposal"), "answer", {"answer": "accept"})
    await town.fill(town.link(invited.mentee, "join"), "role", MENTEE)
    await town.settle()
    return Places(invited, proposed, matched, booked, over, met)


async def opened(page: Page, link: str, heading: str, status: int = 200) -> None:
    answer = await page.goto(link)
    assert answer is not None
    assert answer.status == status
    await expect(page.get_by_role("heading", level=1)).to_contain_text(heading)


async def press(page: Page, button: str) -> int:
    """Presses a button; returns the status of the page that comes then."""
    async with page.expect_navigation() as coming:
        await page.get_by_role("button", name=button).click()
    return (await coming.value).status


async def tell_when(page: Page) -> None:
    """Languages, days, hours and the consent of the join page."""
    await page.get_by_label("English", exact=True).check()
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        await page.get_by_label(day).check()
    await page.get_by_label("From", exact=True).fill("09:00")
    await page.get_by_label("To", exact=True).fill("17:00")
    await page.get_by_label("I agree that my answers").check()


async def join_as_mentee(page: Page, link: str) -> None:
    await opened(page, link, "Join Career growth")
    await page.get_by_label("As a mentee").check()
    await expect(page.locator("#skills")).to_be_hidden()
    await page.locator("#goal summary", has_text="Language and numbers").click()
    await page.locator("#goal").get_by_label("Speaking", exact=True).check()
    await page.get_by_label("Learning and growing").select_option("5")
    await page.get_by_label("Reading", exact=True).check()
    await tell_when(page)
    assert await press(page, "Join the programme") == 200
    await expect(page.get_by_role("heading", level=1)).to_contain_text("You have joined")


async def join_as_mentor(page: Page, link: str) -> None:
    await opened(page, link, "Join Career growth")
    await page.get_by_label("As a mentor").check()
    await page.locator("#skills summary", has_text="Language and numbers").click()
    await page.locator("#skills").get_by_label("Speaking", exact=True).select_option("6")
    await page.locator("#capacity").get_by_label("2", exact=True).check()
    await tell_when(page)
    assert await press(page, "Join the programme") == 200
    await expect(page.get_by_text("You take part as a mentor")).to_be_visible()


async def say_yes(page: Page, town: Town, person: Someone, partner: Someone) -> None:
    await opened(page, town.link(person, "proposal"), "Meet your possible")
    await expect(page.locator(".who")).to_contain_text(partner.name)
    assert await page.locator(".why li").count() > 0
    assert await press(page, "Yes, with pleasure") == 200


async def agree(page: Page, town: Town, pair: Pair) -> None:
    """The mentee wants other terms than the programme's; the mentor finds and confirms those."""
    await opened(page, town.link(pair.mentee, "agreement"), f"Your agreement with {pair.mentor.name}")
    await page.get_by_label("Hours per month").fill("3")
    await page.get_by_label("How often you meet").select_option(label="Every two weeks")
    await page.get_by_label("Leadership").check()
    assert await press(page, "Confirm these terms") == 200
    await expect(page.get_by_text("You have confirmed. As soon as Davi confirms")).to_be_visible()
    await opened(page, town.link(pair.mentor, "agreement"), f"Your agreement with {pair.mentee.name}")
    await expect(page.get_by_text("Ana has confirmed the terms below")).to_be_visible()
    await expect(page.get_by_label("Hours per month")).to_have_value("3")
    assert await press(page, "Confirm these terms") == 200
    await expect(page.get_by_text("You have both agreed")).to_be_visible()
    await town.wait_for_the_booking()


async def move(page: Page, town: Town, pair: Pair) -> None:
    """The mentor moves the session to the last of the offered times."""
    before = town.session_ends_at(pair)
    await opened(page, town.link(pair.mentor, "pair"), f"You and {pair.mentee.name}")
    await expect(page.get_by_text("For Ana")).to_be_visible()
    await page.get_by_text("Move it to another time").click()
    assert 1 <= await page.locator("input[name=slot]").count() <= 6
    await page.locator("input[name=slot]").last.check()
    assert await press(page, "Move the session") == 200
    await expect(page.get_by_text("Your session has a new time")).to_be_visible()
    await town.settle()
    assert town.session_ends_at(pair) > before


async def give_feedback(page: Page, town: Town, person: Someone, partner: Someone) -> None:
    await opened(page, town.link(person, "feedback"), f"How was your session with {partner.name}?")
    for name in ("rating_overall", "rating_usefulness", "rating_listening"):
        await page.locator(f"#{name}").get_by_label("5", exact=True).check()
    await page.get_by_label("What went well").fill("You asked one question at a time.\nThat helped.")
    await page.get_by_label("We fit well").check()
    await page.get_by_label(f"You and {partner.given_name}").check()
    assert await press(page, "Send the feedback") == 200
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


async def test_U16_two_people_go_their_whole_way_on_a_phone_without_javascript(
    phone: Page, town: Town
) -> None:
    pair = await town.newcomers()
    await join_as_mentee(phone, town.link(pair.mentee, "join"))
    await join_as_mentor(phone, town.link(pair.mentor, "join"))
    await town.run(pair)
    await say_yes(phone, town, pair.mentee, pair.mentor)
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you for saying yes")
    await say_yes(phone, town, pair.mentor, pair.mentee)
    await expect(phone.get_by_role("heading", level=1)).to_contain_text("You are matched with Ana")
    await town.settle()
    await agree(phone, town, pair)
    await move(phone, town, pair)
    await town.meet(pair)
    await opened(phone, town.link(pair.mentee, "pair"), f"You and {pair.mentor.name}")
    assert await press(phone, "It took place") == 200
    await expect(phone.get_by_text("We noted that your session took place")).to_be_visible()
    await town.until(town.stepper.now + timedelta(hours=12))
    await give_feedback(phone, town, pair.mentee, pair.mentor)
    await opened(phone, town.link(pair.mentor, "pair"), f"You and {pair.mentee.name}")
    await expect(phone.get_by_text("You asked one question at a time.")).to_be_visible()
    await expect(phone.locator("ol.past li")).to_contain_text(["took place"])


async def test_what_was_filled_in_stays_when_an_answer_needs_another_look(
    phone: Page, places: Places, town: Town
) -> None:
    await opened(phone, town.link(places.invited.mentor, "join"), "Join Career growth")
    await phone.get_by_label("As both").check()
    await tell_when(phone)
    await phone.get_by_label("To", exact=True).fill("09:15")
    assert await press(phone, "Join the programme") == 422
    await expect(phone.get_by_role("alert")).to_contain_text("Choose at least one goal")
    await expect(phone.locator("#ends-error")).to_have_text(re.compile("an hour after it starts"))
    await expect(phone.get_by_label("As both")).to_be_checked()
    await expect(phone.get_by_label("English", exact=True)).to_be_checked()
    await expect(phone.get_by_label("From", exact=True)).to_have_value("09:00")
    await phone.get_by_role("alert").get_by_role("link", name="Choose at least one goal").click()
    await expect(phone.locator("#goal summary").first).to_be_in_viewport()


async def test_S66_a_low_rating_is_asked_for_something_concrete_and_nothing_typed_is_lost(
    phone: Page, places: Places, town: Town
) -> None:
    partner = places.met.mentee
    await opened(phone, town.link(places.met.mentor, "feedback"), "How was your session")
    for name in ("rating_overall", "rating_usefulness", "rating_listening"):
        await phone.locator(f"#{name}").get_by_label("2", exact=True).check()
    await phone.get_by_label("Encouragement").fill("Ask more <b>boldly</b>.")
    await phone.get_by_label("I am not sure yet").check()
    await phone.get_by_label("Only you").check()
    assert await press(phone, "Send the feedback") == 422
    await expect(phone.locator("#to_improve-error")).to_contain_text("one concrete thing")
    await expect(phone.get_by_label("Encouragement")).to_have_value("Ask more <b>boldly</b>.")
    await expect(phone.locator("#rating_overall").get_by_label("2", exact=True)).to_be_checked()
    await expect(phone.get_by_label("Only you")).to_be_checked()
    await opened(phone, town.link(partner, "pair"), "You and Davi")
    await expect(phone.get_by_text("Ask more")).to_have_count(0)


async def looks(places: Places, town: Town) -> dict[str, tuple[str, str]]:
    """Every page there is to look at: its link and the words of its heading."""
    found = {
        "join": (town.link(places.invited.mentor, "join"), "Join Career growth"),
        "joined": (town.link(places.invited.mentee, "join"), "You have joined"),
        "proposal": (town.link(places.proposed.mentor, "proposal"), "Meet your possible mentee"),
        "answered": (town.link(places.proposed.mentee, "proposal"), "Thank you for saying yes"),
        "matched": (town.link(places.matched.mentee, "proposal"), "You are matched with"),
        "agreement": (town.link(places.matched.mentor, "agreement"), "Your agreement with"),
        "confirmed": (town.link(places.matched.mentee, "agreement"), "Your agreement with"),
        "agreed": (town.link(places.booked.mentor, "agreement"), "Your agreement with"),
        "next session": (town.link(places.booked.mentee, "pair"), "You and"),
        "did it happen": (town.link(places.over.mentee, "pair"), "You and"),
        "partner's words": (town.link(places.met.mentor, "pair"), "You and"),
        "feedback": (town.link(places.met.mentor, "feedback"), "How was your session"),
    }
    assert len({link for link, _ in found.values()}) == len(found)
    return found


async def fold_out(page: Page) -> None:
    """Everything that is folded away is part of the page, too."""
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


async def flaws(page: Page, name: str) -> list[str]:
    """What is wrong with the page that is open, folded and unfolded."""
    wrong = []
    for _ in range(2):
        found = await Axe().run(page)
        if found.violations_count:
            wrong.append(f"{name}: {found.generate_report()}")
        if not await page.evaluate(FITS):
            wrong.append(f"{name} is wider than the phone")
        await fold_out(page)
    return wrong


async def send_as_it_is(page: Page, button: str) -> None:
    """What the browser itself would find wrong reaches the server."""
    await page.evaluate("document.querySelectorAll('form').forEach(one => { one.noValidate = true })")
    assert await press(page, button) == 422


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_every_page_is_accessible_fits_a_phone_and_needs_nothing_from_elsewhere(
    chromium: Browser, places: Places, town: Town, colours: str
) -> None:
    context = await chromium.new_context(viewport=PHONE, color_scheme=colours)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    wrong: list[str] = []
    pages = await looks(places, town)
    for name, (link, heading) in pages.items():
        await opened(page, link, heading)
        assert not await page.locator("script").count()
        wrong += await flaws(page, name)
    for name, button in (
        ("join", "Join the programme"),
        ("proposal", "Decline"),
        ("feedback", "Send the feedback"),
    ):
        await page.goto(pages[name][0])
        await fold_out(page)
        if name == "proposal":
            await page.get_by_role("radio").last.evaluate("one => { one.value = 'x'; one.checked = true }")
        await send_as_it_is(page, button)
        wrong += await flaws(page, f"{name} with mistakes")
    await opened(page, f"{link}x", "This link is not valid", 404)
    wrong += await flaws(page, "a forged link")
    assert not wrong, "\n".join(wrong)
    hosts = {urlsplit(link).netloc for link, _ in pages.values()}
    assert {urlsplit(url).netloc for url in asked} == hosts
    await context.close()

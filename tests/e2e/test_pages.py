"""What participants see in real Chromium on a phone: the pages behind signed links, on a running company."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from shared import auth
from shared.auth import SignedLink
from tests.e2e import by_hand, circles, pairs
from tests.e2e.by_hand import opened, press
from tests.e2e.circles import Circle
from tests.e2e.pairs import FEEDBACK, MENTEE, Pair, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 20_000
EACH_GROUP_ALIKE = {"exclude": [["#goal details ~ details"], ["#skills details ~ details"]]}
"""The join page has 70 skills twice, in groups of the same make: the first of each is looked at."""
FITS = "document.documentElement.scrollWidth <= innerWidth"
OWNERS = {
    "join": "matching",
    "proposal": "matching",
    "match": "matching",
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
    on. The last to have made a step is the mentee; nobody makes another one. And a circle before it meets."""

    invited: Pair
    proposed: Pair
    matched: Pair
    booked: Pair
    over: Pair
    met: Pair
    circle: Circle


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def places(town: Town) -> Places:
    met, over = await town.newcomers(), await town.newcomers()
    for step in (town.propose, town.match, town.agree, town.meet):
        await step(met, over)
    await town.report(met)
    await town.fill(town.link(met.mentee, "feedback"), "rating_overall", FEEDBACK)
    circle = await circles.gathered(town, 900)
    booked, matched, proposed, invited = [await town.newcomers() for _ in range(4)]
    await town.propose(booked, matched, proposed)
    await town.match(booked, matched)
    await town.agree(booked)
    await town.fill(town.link(matched.mentee, "agreement"), "hours_per_month", {"focus": "skills"})
    await town.fill(town.link(proposed.mentee, "proposal"), "answer", {"answer": "accept"})
    await town.fill(town.link(invited.mentee, "join"), "role", MENTEE)
    await town.settle()
    return Places(invited, proposed, matched, booked, over, met, circle)


async def test_U16_two_people_go_their_whole_way_on_a_phone_without_javascript(
    phone: Page, town: Town
) -> None:
    pair = await town.newcomers()
    await by_hand.join_as_mentee(phone, town.link(pair.mentee, "join"))
    await by_hand.join_as_mentor(phone, town.link(pair.mentor, "join"))
    await town.run(pair)
    await by_hand.say_yes(phone, town, pair.mentee, pair.mentor)
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Thank you for saying yes")
    await by_hand.say_yes(phone, town, pair.mentor, pair.mentee)
    await expect(phone.get_by_role("heading", level=1)).to_contain_text("You are matched with Ana")
    await town.settle()
    await by_hand.agree(phone, town, pair)
    await by_hand.move(phone, town, pair)
    await town.meet(pair)
    await opened(phone, town.link(pair.mentee, "pair"), f"You and {pair.mentor.name}")
    assert await press(phone, "It took place") == 200
    await expect(phone.get_by_text("We noted that your session took place")).to_be_visible()
    await town.settle()
    await by_hand.give_feedback(phone, town, pair.mentee, pair.mentor)
    await opened(phone, town.link(pair.mentor, "pair"), f"You and {pair.mentee.name}")
    await expect(phone.get_by_text("You asked one question at a time.")).to_be_visible()
    await expect(phone.locator("ol.past li")).to_contain_text(["took place"])


async def test_S21_a_circle_meets_at_one_time_and_its_mentor_is_invited_once(
    phone: Page, places: Places, town: Town
) -> None:
    circle = places.circle
    invited = {person: [one for one in town.letters[person.email] if one.meeting] for person in circle.all}
    assert {person: len(letters) for person, letters in invited.items()} == dict.fromkeys(circle.all, 1)
    meetings = [letter.meeting for [letter] in invited.values() if letter.meeting]
    assert len({(one.starts_at, one.ends_at) for one in meetings}) == 1
    [theirs] = invited[circle.mentor]
    assert theirs.subject.startswith("Meeting with your circle")
    assert "Ana Prado and Eva Soto" in " ".join(theirs.text.split())
    await opened(phone, theirs.links["pair"], "You and")
    await expect(phone.get_by_role("heading", level=2).first).to_have_text("The next meeting of your circle")
    await expect(phone.get_by_text("With you")).to_be_visible()


async def test_what_was_filled_in_stays_when_an_answer_needs_another_look(
    phone: Page, places: Places, town: Town
) -> None:
    await opened(phone, town.link(places.invited.mentor, "join"), "Join Career growth")
    await phone.get_by_label("As both").check()
    await by_hand.tell_when(phone)
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
        "next meeting": (town.link(places.circle.mentor, "pair"), "You and"),
        "did it happen": (town.link(places.over.mentee, "pair"), "You and"),
        "partner's words": (town.link(places.met.mentor, "pair"), "You and"),
        "feedback": (town.link(places.met.mentor, "feedback"), "How was your session"),
    }
    assert len({link for link, _ in found.values()}) == len(found)
    return found


async def fold_out(page: Page) -> None:
    """Everything that is folded away is part of the page, too."""
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


async def flaws(page: Page, name: str, rules: Mapping[str, object]) -> list[str]:
    """What is wrong with the page that is open, by these rules of axe; it is unfolded first."""
    wrong = [] if await page.evaluate(FITS) else [f"{name} is wider than the phone"]
    await fold_out(page)
    found = await Axe().run(page, EACH_GROUP_ALIKE, {"resultTypes": ["violations"], **rules})
    if found.violations_count:
        wrong.append(f"{name}: {found.generate_report()}")
    return wrong if await page.evaluate(FITS) else [*wrong, f"{name} unfolded is wider than the phone"]


async def send_as_it_is(page: Page, button: str) -> None:
    """What the browser itself would find wrong reaches the server."""
    await page.evaluate("document.querySelectorAll('form').forEach(one => { one.noValidate = true })")
    assert await press(page, button) == 422


@pytest.mark.parametrize(
    ("colours", "rules"),
    [("light", {}), ("dark", {"runOnly": ["color-contrast"]})],
    ids=["in light", "in the dark where only colours differ"],
)
async def test_every_page_is_accessible_fits_a_phone_and_needs_nothing_from_elsewhere(
    chromium: Browser, places: Places, town: Town, colours: str, rules: Mapping[str, object]
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
        wrong += await flaws(page, name, rules)
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
        wrong += await flaws(page, f"{name} with mistakes", rules)
    await opened(page, f"{link}x", "This link is not valid", 404)
    wrong += await flaws(page, "a forged link", rules)
    assert not wrong, "\n".join(wrong)
    hosts = {urlsplit(link).netloc for link, _ in pages.values()}
    assert {urlsplit(url).netloc for url in asked} == hosts
    await context.close()


async def digests(town: Town) -> dict[tuple[str, str], str]:
    """What stands in every table of every store, in short."""
    found = {}
    for service, store in town.company.stores.items():
        conn = await asyncpg.connect(store.owner_dsn)
        for row in await conn.fetch(TABLES):
            table = row["relname"]
            query = f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            found[service, table] = await conn.fetchval(query)
        await conn.close()
    return found


async def test_U16_looking_at_a_page_changes_nothing_and_uses_no_link_up(
    phone: Page, places: Places, town: Town
) -> None:
    pages = await looks(places, town)
    await town.settle()
    before = await digests(town)
    assert {
        ("matching", "used_link"),
        ("scheduling", "session"),
        ("notifications", "message"),
    } <= before.keys()
    for link, heading in pages.values():
        await opened(phone, link, heading)
        await opened(phone, link, heading)
        head = await phone.request.head(link)
        assert head.status in (200, 405)
    await town.settle()
    assert await digests(town) == before


async def test_U16_a_form_that_is_sent_twice_is_taken_once_and_says_so(
    phone: Page, places: Places, town: Town
) -> None:
    met, proposed, invited = places.met, places.proposed, places.invited
    used = {
        town.link(invited.mentee, "join"): MENTEE,
        town.link(proposed.mentee, "proposal"): {"answer": "decline"},
        town.link(met.mentee, "feedback"): FEEDBACK,
    }
    before = await digests(town)
    for link, answers in used.items():
        again = await phone.request.post(link, form={name: str(value) for name, value in answers.items()})
        assert again.status == 410
        await phone.set_content(await again.text())
        await expect(phone.get_by_role("heading", level=1)).to_have_text("This link has ended")
        await expect(phone.get_by_text("Nothing was changed")).to_be_visible()
    assert await digests(town) == before
    await opened(phone, town.link(met.mentee, "feedback"), "This link has ended", 410)
    await expect(phone.get_by_text("You have given your feedback")).to_be_visible()


@pytest.mark.parametrize("purpose", OWNERS)
async def test_an_expired_link_says_until_when_it_was_valid(phone: Page, town: Town, purpose: str) -> None:
    expired = SignedLink(purpose, uuid4(), uuid4(), town.stepper.now, uuid4())
    await opened(phone, minted(town, purpose, town.company.wiring.link_key, expired), "has ended", 410)
    await expect(phone.get_by_text(f"until {town.stepper.now:%d %B %Y}")).to_be_visible()


@pytest.mark.parametrize("purpose", OWNERS)
async def test_a_forged_link_opens_nothing(phone: Page, town: Town, places: Places, purpose: str) -> None:
    later = town.stepper.now + timedelta(days=30)
    link = SignedLink(purpose, uuid4(), uuid4(), later, uuid4())
    key, title = town.company.wiring.link_key, "This link is not valid"
    genuine = minted(town, purpose, key, link)
    other = next(one for one in OWNERS if one != purpose)
    stolen = town.link(places.met.mentor, other).rpartition("/")[2]
    for forged in (
        minted(town, purpose, f"{key}x", link),
        genuine[:-3] + ("abc" if not genuine.endswith("abc") else "xyz"),
        address(town, purpose, stolen),
        address(town, purpose, "%F0%9F%A7%BF"),
    ):
        await opened(phone, forged, title, 404)
        await expect(phone.get_by_text("Please open it again from your mail")).to_be_visible()
        sent = await phone.request.post(forged, form={"answer": "accept"})
        assert sent.status == 404


async def test_a_link_to_what_is_not_there_any_more_is_a_clear_page(phone: Page, town: Town) -> None:
    later = town.stepper.now + timedelta(days=30)
    async with town.desk.get("/v1/people", params={"limit": 1}) as answer:
        (somebody,) = (await answer.json())["items"]
    for purpose in OWNERS:
        for audience, title, status in (
            (UUID(somebody["person_id"]), "not valid", 404),
            (uuid4(), "ended", 410),
        ):
            link = SignedLink(purpose, uuid4(), audience, later, uuid4())
            await opened(phone, minted(town, purpose, town.company.wiring.link_key, link), title, status)


def minted(town: Town, purpose: str, key: str, link: SignedLink) -> str:
    return address(town, purpose, auth.mint(key, link))


def address(town: Town, purpose: str, token: str) -> str:
    return f"{town.company.http[OWNERS[purpose]][0]}/{purpose}/{token}"

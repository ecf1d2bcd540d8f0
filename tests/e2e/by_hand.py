"""What a person does on a page, with nothing but its words to go by: looks, ticks, types, presses."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.e2e.pairs import Pair, Someone, Town


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
    await expect(page.locator("#capacity")).to_be_hidden()
    await page.locator("#goal summary", has_text="Language and numbers").click()
    await expect(page.get_by_label("Today in Speaking")).to_be_hidden()
    await page.locator("#goal").get_by_label("Speaking", exact=True).check()
    await page.get_by_label("Today in Speaking").select_option("2")
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

"""The pictures in README.md, made anew from a story told for them: `python -m deploy.local.pictures`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
from playwright.async_api import Browser, ViewportSize, async_playwright
from rich.console import Console

from deploy.cli import options
from deploy.local import stack
from deploy.local.child import Trouble
from deploy.local.company import made_up, roster
from deploy.local.demo import story
from deploy.local.demo.story import Story
from deploy.local.people import letters
from deploy.local.stores import ROOT

FOLDER = ROOT / "deploy" / "pictures"
CHROMIUM = "/usr/bin/chromium"
SEED = 1
WEEKS = 26
TOLD = timedelta(weeks=9)
SEARCH_DAYS_MAX = 30
LETTERS_MAX = 400
DESK: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
DRAWN_MS = 3_000


async def take() -> None:
    """Tells nine weeks, then takes the console and a proposal that somebody has not answered yet."""
    screen = Console()
    people = made_up.people(roster.load(), seed=SEED)
    with tempfile.TemporaryDirectory() as folder:
        async with stack.running(
            Path(folder), clock="stepped", said_copy=True, keep=False, tell=screen.print
        ) as company:
            async with story.told(company, people, seed=SEED, weeks=WEEKS) as tale:
                screen.print("Nine weeks are told for the pictures …")
                await tale.until(tale.begin + TOLD)
                proposal = await _open_proposal(tale)
            await _photograph(company.console, proposal)
    screen.print(f"The pictures are in {FOLDER}.")


async def _open_proposal(tale: Story) -> str:
    """The link of a proposal that waits for an answer; time goes on until there is one."""
    async with httpx.AsyncClient(timeout=30) as browser:
        for _ in range(SEARCH_DAYS_MAX):
            for link in _proposals(tale.company.mail_dir):
                page = await browser.get(link)
                if page.is_success and 'value="accept"' in page.text:
                    return link
            await tale.until(tale.now + timedelta(days=1))
    raise Trouble(f"Nobody left a proposal open within {SEARCH_DAYS_MAX} days: choose another seed.")


def _proposals(mails: Path) -> Iterator[str]:
    """The proposals' links in the newest mails, newest first."""
    for file in sorted(mails.glob("*.eml"), reverse=True)[:LETTERS_MAX]:
        link = letters.read(file.read_bytes()).links.get("proposal")
        if link is not None:
            yield link


async def _photograph(console: str, proposal: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        await _one(browser, console, DESK, "console.png")
        await _one(browser, proposal, PHONE, "page.png")
        await browser.close()


async def _one(browser: Browser, link: str, size: ViewportSize, name: str) -> None:
    page = await browser.new_page(viewport=size)
    await page.goto(link, wait_until="load")
    # Charts draw themselves; there is no event for the last stroke.
    await page.wait_for_timeout(DRAWN_MS)
    await page.screenshot(path=FOLDER / name)
    await page.close()


if __name__ == "__main__":
    try:
        options.run(take())
    except Trouble as trouble:
        sys.exit(str(trouble))

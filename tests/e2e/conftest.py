"""One company for all end-to-end tests: it has lived through its story and goes on. And one console."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from deploy.local import stack
from deploy.local.company import made_up, roster
from deploy.local.company.made_up import Person
from deploy.local.demo import report, story
from deploy.local.demo.report import Measured
from deploy.local.demo.story import Story
from tests import infra
from tests.e2e import consoles
from tests.e2e.consoles import Console

SEED = 3
PEOPLE = 40
WEEKS = 5
CANARY = "canary-7f3a9c51-plum"


@dataclass(frozen=True)
class Told:
    """The story as it stands at its end, its report, and the people in it by employee number."""

    tale: Story
    report: Mapping[str, Any]
    people: Mapping[int, Person]

    async def rows(self, service: str, query: str, *arguments: object) -> list[asyncpg.Record]:
        """What a service's database answers to its owner."""
        conn = await asyncpg.connect(self.tale.databases[service], timeout=10)
        try:
            return list(await conn.fetch(query, *arguments))
        finally:
            await conn.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    company = roster.smaller(roster.load(), PEOPLE, seed=SEED)
    people = made_up.people(company, seed=SEED)
    async with (
        stack.running(tmp_path_factory.mktemp("e2e"), clock="stepped", said_copy=True, fresh=True) as running,
        story.told(running, people, seed=SEED, weeks=WEEKS, mark=CANARY) as tale,
    ):
        await tale.until(tale.end)
        yield Told(tale, await report.of(tale, Measured()), {person.number: person for person in people})


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def console(
    postgres: infra.Databases, kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Console]:
    async with consoles.open_console(postgres, kafka, tmp_path_factory.mktemp("console")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=consoles.CHROMIUM, args=consoles.FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium: Browser, console: Console) -> AsyncIterator[Page]:
    """A browser that came in with the link of an administrator."""
    context = await chromium.new_context(viewport=consoles.WIDE)  # type: ignore[arg-type]
    context.set_default_timeout(consoles.PATIENCE_MS)
    made = await context.new_page()
    await made.goto(f"{console.base}/console?token=an-administrator")
    yield made
    await context.close()

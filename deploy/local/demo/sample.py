"""`mentoring up --sample`: fills a company that runs on real time with people to look at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import aiohttp

from deploy.local.company import made_up, roster
from deploy.local.company.made_up import Person
from deploy.local.demo import organiser
from deploy.local.demo.organiser import Organiser
from deploy.local.people.crowd import Crowd
from deploy.local.people.mailbox import Mailbox
from deploy.local.stack import Stack

WEEKS = 26
MAIL_TIMEOUT_S = 120.0
MAIL_OVER_S = 4.0
POLL_S = 0.2
LATER = timedelta(days=60)
"""In a sample everybody answers their invitation at once, not when they would get round to it."""


async def sample(company: Stack, *, seed: int, tell: Callable[[str], None] = print) -> None:
    """Imports the people, opens both programmes, invites everybody, lets them join through their links, and
    holds one matching run. Raises Declined where the company has people or programmes of these names already.

    Who is asleep now is invited by mail in the morning, as always, and does not join here.
    """
    people = made_up.people(roster.load(), seed=seed)
    bearer = {"authorization": f"Bearer {company.tokens.admin}"}
    base = company.http["matching"][0]
    async with (
        aiohttp.ClientSession(base, headers=bearer) as desk,
        aiohttp.ClientSession() as browser,
    ):
        mails = Mailbox(company.mail_dir)
        mails.new()
        office = Organiser(desk, people)
        today = datetime.now(UTC).date()
        await office.import_people(today)
        programmes = await office.open_programmes(today, WEEKS)
        invited = await _invite(office, people, programmes)
        tell(f"{len(people)} people are imported, two programmes are open, {invited} are invited.")
        crowd = Crowd(people, browser, seed=seed)
        await _join(crowd, mails, invited)
        proposed = await office.match_now(programmes[organiser.GROWTH])
        joined = crowd.outcomes["join", "done"]
        tell(f"{joined} invitations were accepted; the first matching run made {proposed} proposals.")


async def _invite(office: Organiser, people: Sequence[Person], programmes: Mapping[str, str]) -> int:
    managers = organiser.new_managers(people)
    await office.invite(programmes[organiser.GROWTH], people)
    await office.invite(programmes[organiser.MANAGERS], managers)
    return len(people) + len(managers)


async def _join(crowd: Crowd, mails: Mailbox, invited: int) -> None:
    """Reads invitations until all are there or, after the first, no more come for a while."""
    deadline = time.monotonic() + MAIL_TIMEOUT_S
    last, before = time.monotonic(), mails.count
    while time.monotonic() < deadline and mails.count - before < invited:
        now, count = datetime.now(UTC), mails.count
        crowd.deliver(mails.new(), now)
        await crowd.act(now + LATER, _nothing)
        if mails.count > count:
            last = time.monotonic()
        elif mails.count > before and time.monotonic() - last > MAIL_OVER_S:
            return
        await asyncio.sleep(POLL_S)


async def _nothing() -> None:
    return

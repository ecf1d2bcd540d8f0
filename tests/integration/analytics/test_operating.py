"""What the console asks of the services: one living process of each, in the name of who is visiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.analytics.console.parked import NoAnswer, Operator, Refusal
from services.analytics.console.plumbing import Process, ask_all
from shared import tx
from shared.api import application
from tests import infra
from tests.integration.analytics import seeds
from tests.integration.shared.http import notes

DEAD, LIVING = "http://127.0.0.1:1", "http://living"
URLS = {"analytics": (DEAD, LIVING), "matching": (DEAD,)}


@asynccontextmanager
async def an_operator(door: tx.Door, folder: Path) -> AsyncIterator[Operator]:
    """Two processes of analytics, of which one lives, and matching, which does not answer."""
    living = httpx.ASGITransport(application(door, notes.settings(folder, "postgresql://x"), title="living"))
    headers = {"Authorization": f"Bearer {notes.ADMIN}"}
    async with httpx.AsyncClient(
        mounts={LIVING: living}, headers=headers, timeout=5, trust_env=False
    ) as http:
        yield Operator(http, URLS, "Zoë at desk 1")


async def test_the_living_process_of_a_service_is_asked_and_the_service_that_is_away_is_named(
    door: infra.MakeDoor, tmp_path: Path
) -> None:
    analytics = await door("analytics")
    head, *behind, card = await seeds.seed_parked(analytics, 0)
    async with an_operator(analytics, tmp_path) as operator:
        processes = await ask_all(operator.http, URLS)
        assert [one.answers for one in processes] == [False, True, False]
        shown = await operator.listing(processes, service="", state="", after="")
        assert [row.id for row in shown.rows] == [head, card]
        assert shown.away == ("matching",)
        assert (shown.many("open"), shown.many("behind", "analytics"), shown.many("dead")) == (2, 2, 0)
        part = await operator.listing(processes, service="analytics", state="behind", after="")
        assert [(row.id, row.head, row.may_drop) for row in part.rows] == [
            (one, head, False) for one in behind
        ]
        assert part.away == ()
        event = await operator.event("analytics", head)
        assert [one.id for one in event.waiting] == behind


async def test_a_wish_has_its_effect_through_the_living_process_and_the_visitor_is_named(
    door: infra.MakeDoor, tmp_path: Path
) -> None:
    analytics = await door("analytics")
    head, second, *_ = await seeds.seed_parked(analytics, 0)
    async with an_operator(analytics, tmp_path) as operator:
        with pytest.raises(Refusal, match=f"waits behind {head}"):
            await operator.ask("analytics", "POST", f"/v1/parked/{second}/retry")
        dropped = await operator.ask(
            "analytics", "POST", f"/v1/parked/{head}/drop", json={"reason": "a test"}
        )
        assert dropped["closed_by"] == "admin for Zo%C3%AB at desk 1"
        with pytest.raises(NoAnswer, match="No process of matching answers"):
            await operator.ask("matching", "POST", "/v1/parked/retry")


async def test_a_process_that_dies_between_two_questions_is_named_and_the_rest_is_shown(
    door: infra.MakeDoor, tmp_path: Path
) -> None:
    analytics = await door("analytics")
    head, *_, card = await seeds.seed_parked(analytics, 0)
    async with an_operator(analytics, tmp_path) as operator:
        processes = (
            *await ask_all(operator.http, {"analytics": (LIVING,)}),
            Process("matching", DEAD, answers=True, parked={"failed": 3}),
        )
        shown = await operator.listing(processes, service="", state="open", after=str(uuid4()))
    assert [row.id for row in shown.rows] == [head, card]
    assert shown.away == ("matching",)

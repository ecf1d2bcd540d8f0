"""The bench of HR systems' doors at a size that says nothing of speed: every row is there and means it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from deploy.local.databases import Store
from tests.bench import ground
from tests.bench.hris import replayed, scim, taking, webhook
from tests.bench.hris.house import KEY, SCIM, House, Sizes

TINY = Sizes(people=60, looked_up=60, events=16, batched=20, batch=10, pages=2, clients=2)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with ground.prepared(None) as made:
        yield House(made, TINY, print)


@pytest.mark.parametrize(
    ("measure", "ids"),
    [
        (taking.rows, ["take"]),
        (webhook.rows, ["webhook-single", "webhook-batch"]),
        (scim.pages, ["page-p99", "page-held"]),
    ],
    ids=["take", "webhook", "pages"],
)
async def test_every_row_is_measured_and_says_what_bounds_it(
    house: House, measure: Any, ids: list[str]
) -> None:
    rows = await measure(house)
    assert [row.id for row in rows] == ids
    for row in rows:
        said = json.loads(row.line())
        assert list(said)[:6] == ["id", "value", "bound", "ratio", "goal", "ok"]
        assert said["value"] > 0
        assert said["bounded_by"]


async def test_statements_that_are_played_back_do_what_the_requests_did(house: House) -> None:
    ids = await house.once(TINY.people, scim.provisioned)
    first, second = [await house.company(TINY.people) for _ in range(2)]
    token = await house.opener_of(first, SCIM, "token")
    sent = [scim.with_token(scim.patch(ids[f"x{place}"], 700 + place), token) for place in (3, 4)]
    statements = await replayed.noted(first, KEY, sent)
    assert await replayed.rate(second, statements, clients=2) > 0
    assert await titles(first) == await titles(second) == ["Engineer 703", "Engineer 704"]


async def titles(made: Store) -> list[str]:
    conn = await asyncpg.connect(made.owner_dsn)
    try:
        rows = await conn.fetch("SELECT title FROM person WHERE title <> 'Engineer' ORDER BY title")
    finally:
        await conn.close()
    return [row["title"] for row in rows]

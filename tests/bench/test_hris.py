"""The bench of HR systems' doors at a size that says nothing of speed: every row is there and means it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bench import ground
from tests.bench.hris import scim, taking, webhook
from tests.bench.hris.house import House, Sizes

TINY = Sizes(
    people=60,
    looked_up=60,
    events=16,
    batched=20,
    batch=10,
    requests=8,
    noted=3,
    lookups=3,
    pages=2,
    clients=2,
)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with ground.prepared(None) as made:
        yield House(made, TINY, print)


@pytest.mark.parametrize(
    ("measure", "ids"),
    [
        (taking.rows, ["take"]),
        (webhook.rows, ["webhook-single", "webhook-batch"]),
        (scim.changes, ["scim-patch", "scim-patch-p99", "scim-create", "scim-create-p99"]),
        (scim.pages, ["page-p99", "page-held"]),
    ],
    ids=["take", "webhook", "changes", "pages"],
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

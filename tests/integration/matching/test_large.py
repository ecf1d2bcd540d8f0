"""A large programme: read, projected and solved."""

from __future__ import annotations

import time

from services.matching import commands, engine
from shared import tx
from tests import infra
from tests.integration.matching import crowd
from tests.integration.matching.world import World


async def test_a_programme_of_thousands_is_projected_in_seconds(door: infra.MakeDoor) -> None:
    """Twenty thousand take four seconds on two cores of the year 2020; this is a tenth of them."""
    matching = await door("matching")
    programme_id = await crowd.fill(matching, mentees=1400, mentors=600)
    began = time.monotonic()
    async with tx.transaction(matching) as unit:
        kept = commands.projection.Projections()
        seen = await kept.of(unit.conn, programme_id, now=unit.now)
        read = time.monotonic()
        assert (len(seen.market.mentees), len(seen.market.mentors)) == (1400, 600)
        assert await kept.of(unit.conn, programme_id, now=unit.now) is seen
        again = time.monotonic()
    print(f"read {read - began:.2f} s, asked again {again - read:.4f} s")
    assert read - began < 5
    assert again - read < (read - began) / 2
    engine.explain(seen.market, seen.market.mentees[0].number, seen.market.mentors[0].number)


async def test_a_run_shows_its_first_thousand_proposals_and_all_are_listed_page_by_page(here: World) -> None:
    programme_id = await crowd.fill(here.door, mentees=1400, mentors=600)
    run = await here.hold_round(str(programme_id))
    assert run["proposed"] > 1_000 == len(run["proposals"])
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        asked = {"run_id": run["run_id"], "limit": "100", **after}
        page = (await here.call("GET", "/v1/matches", params=asked)).json()
        seen += [one["match_id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(set(seen)) == len(seen) == run["proposed"]
    assert {one["match_id"] for one in run["proposals"]} < set(seen)

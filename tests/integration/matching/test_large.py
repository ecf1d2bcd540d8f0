"""A large programme: read, projected and solved."""

from __future__ import annotations

import time

from services.matching import commands, engine
from shared import tx
from tests import infra
from tests.integration.matching import crowd


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

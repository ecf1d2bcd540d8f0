"""The one way in, as a file of people uses it: many facts to a transaction."""

from __future__ import annotations

from tests.bench.figures import Row
from tests.bench.hris.house import House

FACT_MAX_US = 250


async def rows(house: House) -> list[Row]:
    """What a hire costs in chunks, measured where the company is hired for the other rows."""
    people = house.sizes.people
    await house.company(people)
    cost_us = house.filling_s[people] / people * 1e6
    return [
        Row(
            id="take",
            what=f"{people:,} hires through `take`, in chunks: all of a fact, person and event included",
            unit="µs",
            value=cost_us,
            bound=None,
            ratio=None,
            goal=FACT_MAX_US,
            at_least=False,
            spread=(cost_us, cost_us),
            bounded_by="weighing in Python, and the indexes of person and fact",
        )
    ]

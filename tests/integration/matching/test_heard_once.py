"""U5 for matching: it owns what the others hear of, so both stores begin with the same company."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from services.matching import consumers
from shared import apply
from shared.events import FeedbackSubmitted
from shared.tx import Door
from tests import infra
from tests.integration import test_once as once
from tests.integration.analytics import half_year
from tests.integration.matching.world import World, a_feedback

OWNED = ("person", "programme", "participation", "match")
EFFECTS = (*OWNED, "rating", "block")
SAID = "SELECT topic, key, sequence, convert_from(payload, 'UTF8') FROM outbox ORDER BY topic, key, sequence"


async def test_U5_what_matching_does_about_feedback_happens_once_under_crash_redelivery_and_reorder(
    company: World, door: infra.MakeDoor
) -> None:
    seed = int(os.environ.get("U5_SEED") or random.SystemRandom().randrange(10**6))
    print(f"U5_SEED={seed}")
    chance = random.Random(seed)
    programme = await company.open()
    for number in range(1, 7):
        await company.enrol(programme, number, "mentee")
        await company.enrol(programme, number + 6, "mentor")
        assert (await company.pair(programme, number, number + 6)).status_code == 201
    told = half_year.records(feedbacks(company, await company.matches(), random.Random(3)))
    in_order, otherwise = company.door, await door("matching")
    await in_order.pool.execute("DELETE FROM outbox")
    await copy(in_order, otherwise)
    await once.deliver(
        in_order, apply.Ears.of("matching", consumers.CONSUMERS), once.cut(told, random.Random(1))
    )
    fate = once.Fate(chance)
    fragile = {kind: once.crashing(handler, fate) for kind, handler in consumers.CONSUMERS.items()}
    await once.deliver(otherwise, apply.Ears.of("matching", fragile), once.shuffled(told, chance))
    assert await effects(otherwise) == await effects(in_order), f"repeat it with U5_SEED={seed}"
    ended = await in_order.pool.fetchval("SELECT count(*) FROM match WHERE state = 'ended'")
    assert 0 < ended < 6, "some pairs part after the first session, others go on"
    assert fate.left < once.CRASHES_MAX


def feedbacks(
    company: World, matches: list[dict[str, Any]], chance: random.Random
) -> Iterator[FeedbackSubmitted]:
    """Both sides after each of three sessions; a third of the first ones do not fit."""
    for place, match in enumerate(sorted(matches, key=lambda one: company_order(company, one))):
        for ordinal in (1, 2, 3):
            told = a_feedback(match, company.now + timedelta(days=7 * ordinal), ordinal=ordinal)
            fit = None if ordinal > 1 else "not-good" if place % 3 == 0 else "good"
            yield told.model_copy(update={"fit": fit, "ratings": {"overall": chance.randint(1, 5)}})
            about = {"author_id": told.about_id, "about_id": told.author_id, "author_role": "mentor"}
            yield told.model_copy(update={**about, "fit": fit, "ratings": {"overall": chance.randint(1, 5)}})


def company_order(company: World, match: dict[str, Any]) -> int:
    number = {person_id: int(number) for number, person_id in company.people.items()}
    return number[match["mentee_id"]]


async def copy(source: Door, target: Door) -> None:
    """The company as `source` has it, into the empty store `target`."""
    for table in OWNED:
        rows = await source.pool.fetchval(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table} t")
        await target.pool.execute(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, row)).*"
            " FROM jsonb_array_elements($1::jsonb) AS row",
            rows,
        )


async def effects(door: Door) -> dict[str, list[str]]:
    found = {}
    for table in EFFECTS:
        rows = await door.pool.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t ORDER BY 1")
        found[table] = [row["row"] for row in rows]
    found["said"] = [str(tuple(row)) for row in await door.pool.fetch(SAID)]
    return found

"""The signed webhook: facts in CloudEvents are stored whole or not at all, once, and taken over."""

from __future__ import annotations

import json
from typing import Any

import pytest_asyncio

from services.matching import store
from services.matching.hris import applying
from tests.integration.matching.deliveries import Sender, a_secret, a_sender
from tests.integration.matching.world import World
from tests.unit.matching.hr_events import a_hire, an_event


@pytest_asyncio.fixture
async def sender(here: World) -> Sender:
    return await a_sender(here)


async def waiting(world: World) -> list[dict[str, Any]]:
    rows = await world.door.pool.fetch("SELECT fact FROM hris_received WHERE error IS NULL ORDER BY id")
    return [json.loads(row["fact"]) for row in rows]


async def refused(sender: Sender, status: int, code: str, events: Any = None, **how: Any) -> dict[str, Any]:
    """The problem with which a delivery is answered; nothing of it is stored."""
    answer = await sender.send(a_hire() if events is None else events, **how)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:mentoring:problem:{code}", problem
    assert await waiting(sender.world) == []
    return problem


async def test_a_signed_event_is_stored_and_answered_with_202(here: World, sender: Sender) -> None:
    answer = await sender.send(a_hire(17, title="Lead"))
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"stored": 1, "repeated": False}
    (fact,) = await waiting(here)
    assert fact["source"] == "core"
    assert fact["kind"] == "hire"
    assert fact["who"]["employee_number"] == "17"
    assert fact["fields"]["title"] == "Lead"


async def test_a_batch_is_stored_in_its_order(here: World, sender: Sender) -> None:
    answer = await sender.send([a_hire(number) for number in (3, 1, 2)])
    assert answer.json() == {"stored": 3, "repeated": False}
    assert [fact["who"]["employee_number"] for fact in await waiting(here)] == ["3", "1", "2"]


async def test_a_delivery_that_comes_again_is_answered_as_repeated_and_stored_once(
    here: World, sender: Sender
) -> None:
    event = a_hire()
    for repeated in (False, True):
        answer = await sender.send(event, delivery="msg_1")
        assert answer.json() == {"stored": 1, "repeated": repeated}
    assert len(await waiting(here)) == 1


async def test_a_delivery_id_is_not_used_for_another_body(here: World, sender: Sender) -> None:
    await sender.send(a_hire(1), delivery="msg_1")
    answer = await sender.send(a_hire(2), delivery="msg_1")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("delivery-reused")
    assert len(await waiting(here)) == 1


async def test_both_secrets_sign_while_they_are_rotated_and_the_old_one_no_longer(here: World) -> None:
    sender = await a_sender(here)
    newer = Sender(here, await a_secret(here, how="/rotate"))
    for one in (sender, newer):
        assert (await one.send(a_hire())).status_code == 202
    newest = Sender(here, await a_secret(here, how="/rotate"))
    assert (await sender.send(a_hire())).status_code == 401
    for one in (newer, newest):
        assert (await one.send(a_hire())).status_code == 202


async def test_a_forged_signature_is_refused(here: World, sender: Sender) -> None:
    other = await a_secret(await _with_another_source(here), "other")
    await refused(Sender(here, other), 401, "signature-forged")
    await refused(sender, 401, "signature-forged", body=json.dumps(a_hire(2)).encode())


async def _with_another_source(world: World) -> World:
    await world.call("POST", "/v1/hris/sources", {"name": "other", "kind": "webhook"}, token="hr-admin")
    return world


async def test_a_stale_signature_is_refused_by_wall_time(sender: Sender) -> None:
    for ago_s in (310, -310):
        problem = await refused(sender, 401, "signature-stale", ago_s=ago_s)
        assert "300 s are allowed" in problem["detail"]


async def test_a_header_that_is_missing_is_named(sender: Sender) -> None:
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        problem = await refused(sender, 401, "signature-missing", drop=[name])
        assert problem["detail"].startswith(f"{name}: ")


async def test_a_source_that_signs_nothing_is_let_in_by_no_signature(here: World, sender: Sender) -> None:
    await here.call("POST", "/v1/hris/sources", {"name": "okta", "kind": "scim"}, token="hr-admin")
    for source in ("okta", "nobody"):
        await refused(sender, 401, "no-secret", params={"source": source})
    await refused(sender, 401, "unauthenticated", params={})


async def test_a_token_names_the_source_in_place_of_the_address(here: World, sender: Sender) -> None:
    made = await here.call("POST", "/v1/hris/sources/core/tokens", {}, token="hr-admin")
    token = {"authorization": f"Bearer {made.json()['value']}"}
    assert (await sender.send(a_hire(), params={}, headers=token)).status_code == 202
    answer = await sender.send(a_hire(), params={"source": "other"}, headers=token)
    assert answer.status_code == 403
    wrong = await sender.send(a_hire(), headers={"authorization": "Bearer mth_wrong"})
    assert wrong.status_code == 401


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(sender: Sender) -> None:
    problem = await refused(sender, 413, "content-too-large", a_hire(title="x" * (1 << 20)))
    assert "1048576 bytes" in problem["detail"]


async def test_more_than_a_batch_may_hold_is_refused(sender: Sender) -> None:
    problem = await refused(sender, 422, "invalid", [an_event("return")] * 501)
    assert "500" in problem["detail"]


async def test_what_is_no_cloudevent_by_its_type_is_refused(sender: Sender) -> None:
    for kind in ("application/json", "text/plain", ""):
        await refused(sender, 415, "not-cloudevents", headers={"content-type": kind})


async def test_one_malformed_event_refuses_its_whole_batch_and_every_fault_is_named(sender: Sender) -> None:
    batch = [a_hire(1), a_hire(2, time_zone="Nowhere"), a_hire(3), an_event("leave", 4, until="2026-13-01")]
    problem = await refused(sender, 422, "invalid", batch)
    assert [one["pointer"] for one in problem["errors"]] == ["/3/data/until"]
    batch[3] = an_event("change", 4, fields={"hire_date": "never"})
    problem = await refused(sender, 422, "invalid", batch)
    assert [one["pointer"] for one in problem["errors"]] == [
        "/1/data/fields/time_zone",
        "/3/data/fields/hire_date",
    ]
    assert problem["detail"].startswith("Nothing was stored. ")


async def test_attributes_of_others_come_along(here: World, sender: Sender) -> None:
    event = an_event("return", attributes={"subject": "17", "traceparent": "00-1-2-01", "tenant": "a"})
    assert (await sender.send(event)).status_code == 202


async def test_a_delivery_counts_as_a_sign_of_life_and_only_what_is_stored_as_success(
    here: World, sender: Sender
) -> None:
    await sender.send(an_event("promotion"))
    (source,) = (await here.call("GET", "/v1/hris/sources", token="hr-admin")).json()["items"]
    assert source["last_contact_at"] is not None
    assert source["last_success_at"] is None
    await sender.send(a_hire())
    (source,) = (await here.call("GET", "/v1/hris/sources", token="hr-admin")).json()["items"]
    assert source["last_success_at"] is not None


async def test_what_is_stored_is_taken_over_and_only_once(here: World, sender: Sender) -> None:
    hire = a_hire(17)
    for events in (hire, [an_event("change", 17, fields={"title": "Lead"}), hire], an_event("return", 99)):
        assert (await sender.send(events)).status_code == 202
    assert await applying.take_all(here.door) == 4
    assert await waiting(here) == []
    (person,) = (await here.call("GET", "/v1/people")).json()["items"]
    assert person["title"] == "Lead"
    assert len(await here.said("person-changed")) == 1
    assert await applying.take_all(here.door) == 0


async def test_a_fact_that_fails_is_set_aside_with_its_error_and_the_others_are_taken_over(
    here: World, sender: Sender
) -> None:
    await sender.send([a_hire(number) for number in range(1, 31)])
    broken = "UPDATE hris_received SET fact = fact - 'who' WHERE fact->'who'->>'employee_number' = '20'"
    await here.door.pool.execute(broken)
    assert await applying.take_all(here.door) == 30
    (row,) = await here.door.pool.fetch("SELECT source, error FROM hris_received")
    assert (row["source"], row["error"]) == ("core", "ValidationError")
    assert await here.door.pool.fetchval("SELECT count(*) FROM person") == 29
    async with here.door.pool.acquire() as conn:
        assert await store.received.retry(conn, "core") == 1  # type: ignore[arg-type]
    assert await applying.take_all(here.door) == 1
    assert await here.door.pool.fetchval("SELECT count(*) FROM hris_received WHERE error IS NOT NULL") == 1

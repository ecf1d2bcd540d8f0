"""What operators may ask, and what nobody is told."""

from __future__ import annotations

from datetime import timedelta

from shared import auth
from tests.integration.notifications import world
from tests.integration.notifications.world import MENTEE, MENTOR, World

OPERATOR = {"authorization": "Bearer operator"}


async def test_messages_are_listed_page_by_page(matched: World) -> None:
    await matched.hear(world.a_session(matched.now, matched.now + timedelta(days=3)))
    seen, after = [], None
    while True:
        params = {"limit": 3, **({"after": after} if after else {})}
        page = (await matched.client.get("/v1/messages", params=params, headers=OPERATOR)).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 10


async def test_messages_can_be_picked_by_state_and_person(matched: World) -> None:
    await matched.hear(world.a_session(matched.now, matched.now + timedelta(days=3)))
    params = {"state": "waiting", "recipient_id": str(MENTOR)}
    items = (await matched.client.get("/v1/messages", params=params, headers=OPERATOR)).json()["items"]
    assert {one["kind"] for one in items} == {
        "session-scheduled",
        "reminder-day",
        "reminder-hour",
        "session-over",
    }
    one = (await matched.client.get(f"/v1/messages/{items[0]['id']}", headers=OPERATOR)).json()
    assert one == items[0]


async def test_a_message_that_does_not_exist_is_not_found(known: World) -> None:
    answer = await known.client.get(f"/v1/messages/{MENTEE}", headers=OPERATOR)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_delivery_tells_what_is_due_and_in_hand(known: World) -> None:
    await known.hear(world.a_proposal(known.now))
    answer = (await known.client.get("/v1/delivery", headers=OPERATOR)).json()
    assert answer["in_hand"] == 0
    assert answer["next_due"] == "2026-03-02T09:00:00Z"
    assert [(one["kind"], one["waiting"]) for one in answer["kinds"]] == [("proposal", 2)]


async def test_nobody_asks_without_the_right_to(known: World) -> None:
    for path in ("/v1/messages", f"/v1/messages/{MENTEE}", "/v1/delivery"):
        assert (await known.client.get(path)).status_code == 401
        refused = await known.client.get(path, headers={"authorization": "Bearer nobody"})
        assert refused.status_code == 403


async def test_every_route_has_a_guard(known: World) -> None:
    app = known.client._transport.app  # type: ignore[attr-defined]
    assert auth.unguarded_routes(app) == []


async def test_U15_notifications_keeps_no_private_text_and_no_link(matched: World) -> None:
    """Reasons of people, words of mails and tokens are in no column and in nothing that is said."""
    now, start = matched.now, matched.now + timedelta(days=3)
    canary = "canary-text"
    await matched.hear(
        world.a_session(now, start),
        world.a_cancellation(now, start).model_copy(update={"reason": canary}),
    )
    await matched.send()
    kept = await matched.door.pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_name IN ('message', 'meeting', 'pair', 'programme') AND data_type = 'text'"
    )
    texts = {(row["table_name"], row["column_name"]) for row in kept}
    assert texts == {
        ("meeting", "state"),
        ("programme", "name"),
        *(("message", name) for name in ("kind", "channel", "state", "reason", "mode", "error")),
        *(("message", name) for name in ("leased_by", "traceparent")),
    }
    everything = repr(await matched.door.pool.fetch("SELECT to_jsonb(message) FROM message"))
    everything += repr(await matched.said())
    assert canary not in everything
    assert not any(f"/{purpose}/" in everything for purpose in ("join", "proposal", "agreement", "pair"))
    assert "adventure.example" not in everything

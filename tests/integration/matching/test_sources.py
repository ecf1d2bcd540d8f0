"""Sources of HR facts: what opens their doors is shown once, kept so that who steals the database has
nothing, rotated without a gap, and ended at once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.matching import store
from services.matching.hris import entrance, sealing
from shared import auth
from tests.integration.matching.world import KEY, World

ADMIN = "hr-admin"


async def asked(here: World, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    answer = await here.call(method, f"/v1/hris{path}", body, token=ADMIN)
    assert answer.status_code == status, answer.text
    return answer.json()


async def a_source(here: World, name: str = "okta", kind: str = "scim", **more: Any) -> None:
    await asked(here, "POST", "/sources", {"name": name, "kind": kind, **more}, status=201)


async def a_token(here: World, source: str = "okta", **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = await asked(here, "POST", f"/sources/{source}/tokens", body, status=201)
    return made


async def opens(here: World, token: str, scope: Any = "scim") -> str | None:
    """The source whose door it opens, as a door asks."""
    gate: entrance.Entrance = here.app.state.entrance
    async with here.door.pool.acquire() as conn:
        try:
            return (await gate.enter(conn, f"Bearer {token}", scope)).name  # type: ignore[arg-type]
        except (auth.Unauthenticated, auth.Forbidden):
            return None


async def test_a_token_is_shown_once_and_kept_as_a_hash_alone(here: World) -> None:
    await a_source(here)
    made = await a_token(here)
    assert re.fullmatch(r"mth_[\w-]{43}", made["value"])
    assert await opens(here, made["value"]) == "okta"
    (listed,) = (await asked(here, "GET", "/sources/okta/tokens"))["items"]
    assert listed == {name: value for name, value in made.items() if name != "value"}
    kept = str(await here.snapshot())
    assert made["value"] not in kept
    assert hashlib.sha256(made["value"].encode()).hexdigest() in kept


async def test_an_answer_with_a_token_is_kept_under_no_idempotency_key(here: World) -> None:
    await a_source(here)
    answer = await here.call(
        "POST", "/v1/hris/sources/okta/tokens", {}, token=ADMIN, headers={"Idempotency-Key": "k"}
    )
    assert answer.json()["value"] not in str(await here.snapshot())


async def test_a_secret_is_sealed_for_its_source_with_a_key_that_is_not_in_the_database(here: World) -> None:
    await a_source(here, "sap", "webhook")
    made = await asked(here, "POST", "/sources/sap/secrets", {}, status=201)
    assert made["value"].startswith("whsec_")
    assert made["expires_at"] is None
    async with here.door.pool.acquire() as conn:
        ((secret_id, sealed),) = await store.sources.signing_secrets(conn, "sap", datetime.now(UTC))  # type: ignore[arg-type]
    secret = sealing.unseal(KEY, sealed, source="sap", secret_id=secret_id)
    assert base64.b64decode(made["value"].removeprefix("whsec_")) == secret
    assert secret not in sealed
    for key, source in (("another key", "sap"), (KEY, "okta")):
        with pytest.raises(sealing.CannotUnseal):
            sealing.unseal(key, sealed, source=source, secret_id=secret_id)


async def test_a_rotation_leaves_no_gap_and_never_three(here: World) -> None:
    await a_source(here)
    first = await a_token(here)
    second = await asked(here, "POST", "/sources/okta/tokens/rotate", {"overlap_hours": 2}, status=201)
    assert await opens(here, first["value"]) == await opens(here, second["value"]) == "okta"
    (_, old) = (await asked(here, "GET", "/sources/okta/tokens"))["items"]
    assert datetime.fromisoformat(old["expires_at"]) < datetime.now(UTC) + timedelta(hours=2, minutes=1)
    refused = await asked(here, "POST", "/sources/okta/tokens", {}, status=409)
    assert refused["type"].endswith("two-are-live")
    third = await asked(here, "POST", "/sources/okta/tokens/rotate", {}, status=201)
    assert await opens(here, first["value"]) is None
    assert await opens(here, second["value"]) == await opens(here, third["value"]) == "okta"


async def test_two_at_once_cannot_make_three_live_tokens(here: World) -> None:
    await a_source(here)
    path = "/v1/hris/sources/okta/tokens"
    answers = await asyncio.gather(*(here.call("POST", path, {}, token=ADMIN) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 201, 409, 409]


async def test_a_revoked_token_opens_nothing_and_says_so_to_its_holder(here: World) -> None:
    await a_source(here)
    made = await a_token(here)
    await asked(here, "POST", f"/tokens/{made['id']}/revoke")
    gate: entrance.Entrance = here.app.state.entrance
    async with here.door.pool.acquire() as conn:
        with pytest.raises(auth.Unauthenticated, match="revoked"):
            await gate.enter(conn, f"Bearer {made['value']}", "scim")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "scope", "error", "says"),
    [
        (None, "scim", auth.Unauthenticated, "token is needed"),
        ("Bearer", "scim", auth.Unauthenticated, "token is needed"),
        ("Basic {}", "scim", auth.Unauthenticated, "token is needed"),
        ("Bearer {}x", "scim", auth.Unauthenticated, "nobody knows"),
        ("Bearer {}", "hris:files", auth.Forbidden, "is for scim, this door asks for hris:files"),
    ],
)
async def test_a_wrong_token_is_told_what_is_wrong(
    here: World, header: str | None, scope: Any, error: type[Exception], says: str
) -> None:
    await a_source(here)
    made = await a_token(here)
    gate: entrance.Entrance = here.app.state.entrance
    async with here.door.pool.acquire() as conn:
        with pytest.raises(error, match=says):
            await gate.enter(conn, header and header.format(made["value"]), scope)  # type: ignore[arg-type]


async def test_an_expired_token_opens_nothing(here: World) -> None:
    await a_source(here)
    made = await a_token(here, days=1)
    digest = auth.hash_token(made["value"])
    tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
    async with here.door.pool.acquire() as conn:
        now = await store.sources.find_by_token(conn, digest, "scim", datetime.now(UTC))  # type: ignore[arg-type]
        then = await store.sources.find_by_token(conn, digest, "scim", tomorrow)  # type: ignore[arg-type]
    assert now is not None
    assert then is None


async def test_a_retired_source_is_closed_with_all_its_tokens(here: World) -> None:
    await a_source(here)
    made = await a_token(here)
    said = await asked(here, "POST", "/sources/okta/revoke")
    assert said["retired_at"] is not None
    assert await opens(here, made["value"]) is None
    await asked(here, "POST", "/sources/okta/tokens", {}, status=409)


@pytest.mark.parametrize(
    ("kind", "opener", "says"),
    [("scim", "secrets", "only a webhook"), ("feed", "tokens", "without a token")],
)
async def test_a_source_gets_only_what_opens_its_own_door(
    here: World, kind: str, opener: str, says: str
) -> None:
    await a_source(here, "hr", kind)
    refused = await asked(here, "POST", f"/sources/hr/{opener}", {}, status=422)
    assert says in refused["detail"]


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"name": "Okta!", "kind": "scim"}, 422, "/name"),
        ({"name": "okta", "kind": "fax"}, 422, "/kind"),
        ({"name": "okta", "kind": "scim", "precedence": -1}, 422, "/precedence"),
        ({"name": "okta", "kind": "scim", "colour": "red"}, 422, "/colour"),
    ],
)
async def test_a_source_that_cannot_be_is_refused_with_its_field(
    here: World, body: dict[str, Any], status: int, where: str
) -> None:
    refused = await asked(here, "POST", "/sources", body, status=status)
    assert [one["pointer"] for one in refused["errors"]] == [where]


async def test_sources_are_listed_in_the_order_in_which_they_win(here: World) -> None:
    for name, precedence in (("second", 20), ("first", 10), ("gone", 1)):
        await a_source(here, name, precedence=precedence)
    await asked(here, "POST", "/sources/gone/revoke")
    again = await here.call("POST", "/v1/hris/sources", {"name": "first", "kind": "csv"}, token=ADMIN)
    assert again.status_code == 409
    listed = (await asked(here, "GET", "/sources"))["items"]
    assert [one["name"] for one in listed] == ["first", "second", "gone"]


async def test_only_who_may_looks_after_sources(here: World) -> None:
    answer = await here.call("GET", "/v1/hris/sources", token="organiser")
    assert answer.status_code == 403


async def test_a_source_sends_so_many_requests_a_minute_and_is_told_when_to_go_on(here: World) -> None:
    await a_source(here)
    made = await a_token(here)
    gate = entrance.Entrance(here.door, requests_per_minute_max=2)
    async with here.door.pool.acquire() as conn:
        for _ in range(2):
            await gate.enter(conn, f"Bearer {made['value']}", "scim")  # type: ignore[arg-type]
        with pytest.raises(entrance.TooManyRequests) as refused:
            await gate.enter(conn, f"Bearer {made['value']}", "scim")  # type: ignore[arg-type]
    assert 1 <= (refused.value.retry_after_s or 0) <= 60


async def test_when_a_source_was_heard_of_is_written_every_few_seconds_and_not_each_time(
    here: World,
) -> None:
    await a_source(here)
    gate: entrance.Entrance = here.app.state.entrance
    await gate.heard("okta", success=True)
    (first,) = (await asked(here, "GET", "/sources"))["items"]
    await gate.heard("okta", success=True)
    await entrance.Entrance(here.door, 100).heard("okta", success=True)  # another process
    (second,) = (await asked(here, "GET", "/sources"))["items"]
    assert first["last_success_at"] == second["last_success_at"] is not None
    assert first["last_contact_at"] is not None


async def measured(world: World) -> dict[tuple[str, ...], float]:
    text = (await world.client.get("/metrics")).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("mentoring_hris_")
    }


async def test_when_a_source_had_success_and_when_its_token_ends_is_measured(here: World) -> None:
    await a_source(here, silent_after_hours=2)
    await a_source(here, "gone")
    await asked(here, "POST", "/sources/gone/revoke")
    made = await a_token(here, days=10)
    before = await measured(here)
    assert before["mentoring_hris_silent_after_seconds", "okta"] == 7200
    expires = datetime.fromisoformat(made["expires_at"]).timestamp()
    assert before["mentoring_hris_token_expires_timestamp_seconds", "okta"] == pytest.approx(expires)
    assert before["mentoring_hris_oldest_waiting_seconds",] == 0
    assert {name[1] for name in before if len(name) > 1} == {"okta"}
    await here.app.state.entrance.heard("okta", success=True)
    after = await measured(here)
    name = ("mentoring_hris_last_success_timestamp_seconds", "okta")
    assert after[name] > before[name]


async def test_the_connection_test_says_what_does_not_work_and_what_to_do(here: World) -> None:
    await a_source(here)
    said = await asked(here, "GET", "/sources/okta/test")
    assert not said["ok"]
    wrong = {one["name"]: one["detail"] for one in said["checks"] if not one["ok"]}
    assert wrong == {
        "token": "none is live: `mentoring hris token create okta`",
        "heard of": "never yet: let the identity provider test its connection to /scim/v2",
    }
    await a_token(here)
    await here.app.state.entrance.heard("okta", success=True)
    said = await asked(here, "GET", "/sources/okta/test")
    assert said["ok"], said


async def test_the_connection_test_tells_a_secret_that_cannot_be_unsealed_and_a_token_that_ends(
    here: World,
) -> None:
    await a_source(here, "sap", "webhook")
    await asked(here, "POST", "/sources/sap/secrets", {"days": 3}, status=201)
    await here.door.pool.execute("UPDATE hris_credential SET sealed = sealed || '\\x00'")
    said = await asked(here, "GET", "/sources/sap/test")
    wrong = {one["name"]: one["detail"] for one in said["checks"] if not one["ok"]}
    assert "rotate sap" in wrong["secret"]
    assert "another MENTORING_LINK_KEY" in wrong["signature"]

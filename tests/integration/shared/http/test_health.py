"""Alive, ready and measured: what operators and their machines see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared import migrate
from tests import infra
from tests.integration.shared.http import notes
from tests.integration.shared.http.notes import ADMIN, Notes


async def ready(client: httpx.AsyncClient) -> tuple[int, dict[str, bool]]:
    answer = await client.get("/readyz")
    return answer.status_code, {name: check["ok"] for name, check in answer.json()["checks"].items()}


async def metrics(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    text = (await client.get("/metrics")).text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_service_with_all_it_needs_is_alive_and_ready_without_a_token(desk: Notes) -> None:
    async with desk.client(token=None) as client:
        assert (await client.get("/livez")).status_code == 200
        status, checks = await ready(client)
    assert status == 200
    assert checks == {"database": True, "broker": True, "schema": True, "consumer": True}


async def test_readiness_is_red_while_the_broker_is_away(desk: Notes) -> None:
    async with desk.client(token=None) as client:
        desk.progress.broker_ok = False
        status, checks = await ready(client)
        assert (status, checks["broker"], checks["database"]) == (503, False, True)
        desk.progress.broker_ok = True
        assert (await ready(client))[0] == 200


async def test_readiness_is_red_while_the_consumer_is_stopped(desk: Notes) -> None:
    async with desk.client(token=None) as client:
        await desk.door.pool.execute(
            "UPDATE consumer_state SET stopped_at = now(), stopped_reason = 'too many parked'"
        )
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["consumer"] == {"ok": False, "detail": "too many parked"}


async def test_readiness_is_red_on_an_older_schema(desk: Notes) -> None:
    conn = await asyncpg.connect(desk.owner_dsn)
    await conn.execute("DELETE FROM schema_migrations")
    await conn.close()
    async with desk.client(token=None) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "0001_plumbing" in answer.json()["checks"]["schema"]["detail"]


async def test_readiness_is_red_while_the_database_is_away_and_recovers_by_itself(
    database: infra.MakeDatabase, postgres: infra.Databases, tmp_path: Path
) -> None:
    store = await database("plumbing")
    pool = await infra.connect(store.dsn)
    door = notes.a_door(pool)
    desk = notes.build(door, notes.settings(tmp_path, store.dsn), store.owner_dsn)
    admin = await asyncpg.connect(postgres.admin_dsn)
    async with desk.client() as client:
        assert (await ready(client))[0] == 200
        await admin.execute(f'ALTER DATABASE "{store.name}" ALLOW_CONNECTIONS false')
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", store.name
        )
        status, checks = await ready(client)
        assert (status, checks["database"]) == (503, False)
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/v1/notes")).status_code == 503
        assert (await metrics(client))[("mentoring_store_up",)] == 0
        await admin.execute(f'ALTER DATABASE "{store.name}" ALLOW_CONNECTIONS true')
        assert (await ready(client))[0] == 200
        assert (await metrics(client))[("mentoring_store_up",)] == 1
    await admin.close()
    pool.terminate()


async def test_metrics_count_requests_by_route_and_never_by_id(desk: Notes) -> None:
    async with desk.client() as client:
        await client.post("/v1/notes", json={"text": "hello"})
        for number in range(3):
            await client.get(f"/v1/notes/00000000-0000-0000-0000-00000000000{number}")
        await client.get("/v1/nowhere")
        await client.get(f"/note/{desk.link()}")
        found = await metrics(client)
        text = (await client.get("/metrics")).text
    assert found[("mentoring_http_requests_total", "/v1/notes", "201", "POST")] == 1
    assert found[("mentoring_http_requests_total", "/v1/notes/{note_id}", "404", "GET")] == 3
    assert found[("mentoring_http_requests_total", "404", "GET", "unmatched")] == 1
    assert found[("mentoring_http_requests_total", "/note/{token}", "200", "GET")] == 1
    assert desk.link()[:20] not in text


async def test_metrics_and_the_plumbing_view_tell_what_waits(desk: Notes) -> None:
    desk.progress.lag = 7
    async with desk.client(ADMIN) as client:
        await client.post("/v1/notes", json={"text": "hello"})
        await desk.door.pool.execute("UPDATE outbox SET committed_at = now() - interval '90 seconds'")
        await desk.door.pool.execute(
            "INSERT INTO parked (topic, partition, record_offset, key, headers, record_time, state, error)"
            " SELECT 't', 0, n, 'k', '[]', now(), CASE n WHEN 1 THEN 'dead' ELSE 'behind' END, 'e'"
            " FROM generate_series(1, 3) n"
        )
        found = await metrics(client)
        view = (await client.get("/v1/plumbing")).json()
    assert found[("mentoring_consumer_lag_records",)] == 7
    assert found[("mentoring_outbox_rows",)] == 1
    assert 90 <= found[("mentoring_outbox_oldest_age_seconds",)] < 200
    assert found[("mentoring_parked_events", "behind")] == 2
    assert found[("mentoring_parked_events", "failed")] == 0
    assert view["service"] == "plumbing"
    assert view["outbox"]["rows"] == 1
    assert 90 <= view["outbox"]["oldest_age_s"] < 200
    assert view["consumer"] == {"lag": 7, "stopped_at": None, "stopped_reason": None}
    assert view["parked"] == {"behind": 2, "dead": 1}
    assert all(check["ok"] for check in view["ready"].values())


async def test_the_plumbing_view_is_for_operators(desk: Notes) -> None:
    async with desk.client() as client:
        assert (await client.get("/v1/plumbing")).status_code == 403


async def test_two_applications_of_one_process_count_apart(desk: Notes, tmp_path: Path) -> None:
    other = notes.build(replace(desk.door), notes.settings(tmp_path, desk.owner_dsn), desk.owner_dsn)
    async with desk.client() as client, other.client() as stranger:
        await client.post("/v1/notes", json={"text": "hello"})
        assert ("mentoring_http_requests_total", "/v1/notes", "201", "POST") not in await metrics(stranger)


async def test_a_later_schema_is_ready_for_the_code_before_it(desk: Notes) -> None:
    conn = await asyncpg.connect(desk.owner_dsn)
    await conn.execute(
        "INSERT INTO schema_migrations (name, checksum) VALUES ('plumbing/0099_later.sql', 'x')"
    )
    assert await migrate.at_head(conn, Path("plumbing"))
    await conn.close()
    async with desk.client(token=None) as client:
        assert (await ready(client))[0] == 200

"""SCIM: changes and new users against their own statements, look-ups, and pages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import quote

import asyncpg

from deploy.local.databases import Store
from tests.bench.figures import Row
from tests.bench.ground import Failed
from tests.bench.hris import replayed, staff
from tests.bench.hris.clients import Clients, Driven, Request
from tests.bench.hris.house import KEY, SCIM, House, Matching

USERS = "/scim/v2/Users"
RATIO_MIN, P99_MAX_MS = 0.12, 100
LOOKUP_P50_MAX_MS, LOOKUP_P99_MAX_MS = 5, 20
PAGE_P99_MAX_MS, HELD_MAX_MS = 300, 20

PROVISION = """
WITH made AS (
    SELECT p.id AS person_id, p.employee_number, k.external_id, p.user_name, p.given_name, p.family_name,
           p.work_email, p.title, p.department, p.time_zone, uuidv7() AS id, clock_timestamp() AS at
    FROM person p JOIN person_key k ON k.person_id = p.id
)
INSERT INTO scim_resource (id, source, kind, resource, compared, name_key, external_id, person_id, version,
                           created_at, modified_at)
SELECT id, $1, 'User',
    jsonb_build_object('schemas', jsonb_build_array($2::text, $3::text), 'userName', user_name,
        'externalId', external_id,
        'name', jsonb_build_object('givenName', given_name, 'familyName', family_name),
        'emails', jsonb_build_array(jsonb_build_object('value', work_email, 'type', 'work', 'primary', true)),
        'title', title, 'timezone', time_zone, 'active', true,
        $3::text, jsonb_build_object('employeeNumber', employee_number, 'department', department)),
    jsonb_build_object('id', id::text, 'schemas', jsonb_build_array(lower($2::text), lower($3::text)),
        'userName', lower(user_name), 'externalId', external_id,
        'name', jsonb_build_object('givenName', lower(given_name), 'familyName', lower(family_name)),
        'emails', jsonb_build_array(
            jsonb_build_object('value', lower(work_email), 'type', 'work', 'primary', true)),
        'title', lower(title), 'timezone', lower(time_zone), 'active', true,
        'meta', jsonb_build_object('resourceType', 'User', 'version', 'W/"1"'),
        $3::text, jsonb_build_object('employeeNumber', employee_number, 'department', lower(department))),
    lower(user_name), external_id, person_id, 1, at, at
FROM made
"""
COUNT = """
INSERT INTO scim_tally (source, kind, slot, many) SELECT $1, 'User', 0, count(*) FROM scim_resource
ON CONFLICT (source, kind, slot) DO UPDATE SET many = excluded.many
"""


async def provisioned(made: Store) -> dict[str, str]:
    """Gives every person the user that an identity provider would have made; returns ids by externalId."""
    schemas = staff.a_user(0)["schemas"]
    conn = await asyncpg.connect(made.owner_dsn)
    try:
        await conn.execute(PROVISION, SCIM, *schemas)
        await conn.execute(COUNT, SCIM)
        await conn.execute("VACUUM ANALYZE")
        rows = await conn.fetch("SELECT external_id, id FROM scim_resource")
    finally:
        await conn.close()
    return {row["external_id"]: str(row["id"]) for row in rows}


async def changes(house: House) -> list[Row]:
    """PATCH and POST, each against its own statements."""
    sizes = house.sizes
    ids = await house.once(sizes.people, provisioned)
    patches = [
        patch(ids[f"x{place * 7 % sizes.people}"], place) for place in range(sizes.requests + sizes.noted)
    ]
    creates = [_create(sizes.people + place) for place in range(sizes.requests + sizes.noted)]
    return [
        *await _against_statements(house, "scim-patch", patches, 200),
        *await _against_statements(house, "scim-create", creates, 201),
    ]


async def _against_statements(
    house: House, called: str, requests: Sequence[Request], status: int
) -> list[Row]:
    people, many = house.sizes.people, house.sizes.clients
    first, second = await house.company(people), await house.company(people)
    token = await house.opener_of(first, SCIM, "token")
    statements = await replayed.noted(
        first, KEY, [with_token(one, token) for one in requests[: house.sizes.noted]]
    )
    bound = await replayed.rate(second, statements, many)
    async with house.serving(await house.company(people)) as matching:
        token, used_s = await matching.opener(SCIM, "token"), matching.cpu_s()
        sent = [with_token(one, token) for one in requests[house.sizes.noted :]]
        driven = (await matching.clients.drive(sent)).all_are(status)
        cost_ms = (matching.cpu_s() - used_s) / len(sent) * 1000
    how = f"{cost_ms:.2f} ms of the process's core for each; {replayed.shown(statements)}"
    return [_ratio(called, driven, bound, how), _latency(f"{called}-p99", driven, 0.99, P99_MAX_MS, how)]


async def lookups(house: House) -> list[Row]:
    """By userName and by externalId, one at a time, among the most people."""
    people = house.sizes.looked_up
    await house.once(people, provisioned)
    async with house.serving(await house.company(people)) as matching:
        token = await matching.opener(SCIM, "token")
        found = []
        for called, filters in _filters(people, house.sizes.lookups).items():
            sent = [with_token(_get(f"{USERS}?filter={quote(one)}"), token) for one in filters]
            driven = await _one_at_a_time(matching, sent)
            if b'"totalResults":1,' not in driven.answers[-1]:
                raise Failed(f"{filters[-1]} found {driven.answers[-1][:200]!r}")
            how = "routing, one indexed query, and pydantic for one user"
            found.append(_latency(f"{called}-p50", driven, 0.5, LOOKUP_P50_MAX_MS, how))
            found.append(_latency(f"{called}-p99", driven, 0.99, LOOKUP_P99_MAX_MS, how))
    return found


async def pages(house: House) -> list[Row]:
    """Pages of 100 from the whole of the list, one at a time, and how long each holds the loop."""
    people = house.sizes.people
    await house.once(people, provisioned)
    async with house.serving(await house.company(people)) as matching:
        token = await matching.opener(SCIM, "token")
        step = max(1, people // house.sizes.pages)
        starts = [1 + place * step for place in range(house.sizes.pages)]
        sent = [with_token(_get(f"{USERS}?startIndex={start}&count=100"), token) for start in starts]
        await _one_at_a_time(matching, sent[:2])
        began = time.monotonic()
        driven = await _one_at_a_time(matching, sent)
        held_ms = await matching.held.longest_s(began) * 1000
    how = "pydantic renders 100 users, in slices"
    return [
        _latency("page-p99", driven, 0.99, PAGE_P99_MAX_MS, how),
        _at_most(
            "page-held", "the longest that a page holds the loop (processor time)", held_ms, HELD_MAX_MS, how
        ),
    ]


async def _one_at_a_time(matching: Matching, sent: Sequence[Request]) -> Driven:
    return (await Clients(matching.clients.session, 1).drive(sent)).all_are(200)


def _filters(people: int, many: int) -> dict[str, list[str]]:
    places = [place * 7919 % people for place in range(many)]
    return {
        "lookup-name": [f'userName eq "{staff.card(place)["user_name"]}"' for place in places],
        "lookup-external": [f'externalId eq "x{place}"' for place in places],
    }


def patch(user: str, turn: int) -> Request:
    operation = {"op": "replace", "path": "title", "value": f"Engineer {turn}"}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    return Request("PATCH", f"{USERS}/{user}", {}, staff.as_body(body))


def _create(place: int) -> Request:
    return Request("POST", USERS, {}, staff.as_body(staff.a_user(place)))


def _get(path: str) -> Request:
    return Request("GET", path, {})


def with_token(request: Request, token: str) -> Request:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}
    return Request(request.method, request.path, headers, request.body)


def _ratio(called: str, driven: Driven, bound: float, how: str) -> Row:
    ratio = driven.rate / bound
    return Row(
        id=called,
        what="requests a second, 8 clients, one worker, against the same statements by plain asyncpg",
        unit="requests/s",
        value=driven.rate,
        bound=bound,
        ratio=ratio,
        goal=RATIO_MIN,
        at_least=True,
        spread=(ratio, ratio),
        bounded_by=how,
    )


def _latency(called: str, driven: Driven, share: float, goal: float, how: str) -> Row:
    return _at_most(called, f"an answer within, of {share:.0%}", driven.at(share), goal, how)


def _at_most(called: str, what: str, value: float, goal: float, how: str) -> Row:
    return Row(
        id=called,
        what=what,
        unit="ms",
        value=value,
        bound=None,
        ratio=None,
        goal=goal,
        at_least=False,
        spread=(value, value),
        bounded_by=how,
    )

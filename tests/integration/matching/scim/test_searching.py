"""Searching users and groups: the filters of SCIM as SQL, pages, and what indexes answer."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import scim2_models as scim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.databases import Store
from services.matching import store
from services.matching.core.scim import Slice
from services.matching.hris.scim import filters, models
from tests.integration.matching.scim.ground import KINDS, USER, USERS, Ground

WORDS = (
    "",
    "a",
    "A",
    "B b",
    "ä",
    "Ä",
    "%",
    "_",
    'q"',
    "\\",
    ".*",
    "a$",
    "(",
    "é",
    "e\u0301",
    "ß",
    "İ",
    "\u2028",
)
VALUES = ("a@x", "A@x", "b@x")
TEXTS = (
    "userName", "title", "displayName", "name.givenName", "externalId", "roles.type", "roles.display", "id",
    "addresses.locality", "meta.version", "roles", "urn:ietf:params:scim:schemas:core:2.0:User:title",
    f"{models.ENTERPRISE}:department", f"{models.ENTERPRISE}:manager.value", f"{models.EMPLOYMENT}:site",
)  # fmt: skip
WHOLE = (
    *TEXTS,
    "name",
    "active",
    "roles.primary",
    "meta.created",
    f"{models.ENTERPRISE}:manager",
    "schemas",
)
OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


WORD = st.sampled_from(WORDS)
ROLE = st.fixed_dictionaries(
    {},
    optional={
        "value": st.sampled_from(VALUES),
        "type": st.sampled_from(("work", "home", "Other", "")),
        "display": WORD,
        "primary": st.booleans(),
    },
)
A_USER = st.fixed_dictionaries(
    {
        "title": maybe(WORD),
        "displayName": maybe(WORD),
        "externalId": maybe(WORD),
        "active": maybe(st.booleans()),
        "name": maybe(st.fixed_dictionaries({}, optional={"givenName": WORD, "familyName": WORD})),
        "roles": maybe(st.lists(ROLE, max_size=3)),
        models.ENTERPRISE: maybe(
            st.fixed_dictionaries(
                {},
                optional={"department": WORD, "manager": st.fixed_dictionaries({"value": WORD})},
            )
        ),
    }
)
QUOTED = st.sampled_from((*WORDS, *VALUES, "work", "1", "urn:x")).map(scim.ScimFilter.quote)
COMPARED = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(TEXTS), st.sampled_from(OPERATORS), QUOTED),
    st.builds("{} {} null".format, st.sampled_from(WHOLE[:-2]), st.sampled_from(OPERATORS[:2])),
    st.builds("{} pr".format, st.sampled_from(WHOLE)),
    st.builds("active {} {}".format, st.sampled_from(("eq", "ne")), st.sampled_from(("true", "false"))),
    st.builds("meta.created {} {}".format, st.sampled_from(OPERATORS[5:]), st.just('"2026-03-02T09:00:00Z"')),
)
INSIDE = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(("type", "display")), st.sampled_from(OPERATORS), QUOTED),
    st.builds("{} pr".format, st.sampled_from(("type", "primary", "value"))),
    st.just("primary eq true"),
    st.just("not (value pr)"),
)


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    both = st.builds("({}) {} ({})".format, inner, st.sampled_from(("and", "or")), inner)
    return both | st.builds("not ({})".format, inner)


SELECTED = st.recursive(INSIDE, joined, max_leaves=3).map("roles[{}]".format)
A_FILTER = st.recursive(COMPARED | SELECTED, joined, max_leaves=4)


def asked(**what: Any) -> scim.SearchRequest[Any]:
    return scim.SearchRequest[USER](**what)  # type: ignore[valid-type]


def with_a_name(said: dict[str, Any], number: int) -> scim.Resource[Any]:
    return USER.model_validate({**said, "userName": f"user-{number}"})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(users=st.lists(A_USER, min_size=1, max_size=6), sought=A_FILTER)
def test_any_filter_keeps_what_the_librarys_own_evaluator_keeps(
    runner: asyncio.Runner, ground: Ground, users: list[dict[str, Any]], sought: str
) -> None:
    try:
        request = asked(filter=sought)
    except ValueError:
        return  # the library refuses it, as it does before the storage is asked
    storage = runner.run(ground.storage())

    async def both() -> tuple[set[str], set[str]]:
        made = [await storage.create(USERS, with_a_name(one, place)) for place, one in enumerate(users)]
        page = await storage.search([USERS], request)
        assert page.total == len(page.resources)
        assert request.filter is not None
        return {one.id for one in made if request.filter.match(one)}, {one.id for one in page.resources}

    expected, found = runner.run(both())
    assert found == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    users=st.lists(A_USER, min_size=1, max_size=6),
    by=st.sampled_from([name for name in TEXTS if name not in ("roles", "id")] + ["active"]),
    order=st.sampled_from(("ascending", "descending")),
)
def test_any_order_is_the_librarys_own(
    runner: asyncio.Runner,
    ground: Ground,
    users: list[dict[str, Any]],
    *,
    by: str,
    order: str,
) -> None:
    request = asked(sort_by=by, sort_order=order)
    storage = runner.run(ground.storage())

    async def both() -> tuple[list[Any], list[Any]]:
        made = [await storage.create(USERS, with_a_name(one, place)) for place, one in enumerate(users)]
        page = await storage.search([USERS], request)
        return [request.sort_value(one) for one in request.sort(made)], [
            request.sort_value(one) for one in page.resources
        ]

    expected, found = runner.run(both())
    assert found == expected


def test_pages_are_disjoint_and_complete_while_people_come_and_go(
    runner: asyncio.Runner, ground: Ground
) -> None:
    storage = runner.run(ground.storage())

    async def read() -> tuple[list[str], list[str], int | None]:
        made = [await storage.create(USERS, with_a_name({}, number)) for number in range(25)]
        first = await storage.search([USERS], asked(start_index=1, count=10))
        await storage.create(USERS, with_a_name({}, 99))
        second = await storage.search([USERS], asked(start_index=11, count=10))
        third = await storage.search([USERS], asked(start_index=21, count=10))
        await storage.delete(USERS, str(made[0].id))
        total = (await storage.search([USERS], asked(start_index=1, count=0))).total
        seen = [one.user_name for page in (first, second, third) for one in page.resources]
        return seen, [f"user-{number}" for number in (*range(25), 99)], total

    seen, expected, total = runner.run(read())
    assert seen == expected
    assert total == 25


class Asked:
    """Stands where the connection would, and remembers the statement."""

    def __init__(self) -> None:
        self.said: tuple[Any, ...] = ()

    async def fetch(self, *said: Any) -> list[Any]:
        self.said = said
        return []

    async def fetchrow(self, *said: Any) -> None:
        self.said = said


def test_indexes_answer_what_identity_providers_ask_at_100k_people(
    runner: asyncio.Runner, ground: Ground, kept: Store
) -> None:
    """The two look-ups before anything was counted, too: a first synchronisation is all look-ups."""
    mail = filters.compiled(KINDS["User"], scim.ScimFilter('emails[type eq "work"].value eq "u7@x.example"'))
    every, first, late = filters.ALWAYS, Slice(0, 100), Slice(90_000, 100)

    async def plans() -> list[str]:
        source = await ground.source()
        await ground.door.pool.execute(MANY, source)
        looked_up = [
            await plan(ground, lambda conn: store.scim.users_named(conn, source, "u70000", every)),
            await plan(ground, lambda conn: store.scim.users_of_external_id(conn, source, "x7", every)),
        ]
        await count_everything(kept)
        return [
            *looked_up,
            await plan(ground, lambda conn: store.scim.users_matching(conn, source, mail.path, first)),
            await plan(ground, lambda conn: store.scim.users(conn, source, late)),
        ]

    named, external, mailed, page = runner.run(plans())
    assert "Index Scan using scim_user_name" in named
    assert "Index Scan using scim_user_external_id" in external
    assert "Bitmap Index Scan on scim_compared" in mailed
    assert "Index Only Scan using scim_user_page" in page
    assert "Seq Scan" not in named + external + mailed + page


async def count_everything(kept: Store) -> None:
    owner = await asyncpg.connect(kept.owner_dsn)
    await owner.execute("VACUUM ANALYZE scim_resource")
    await owner.close()


MANY = """
INSERT INTO scim_resource (id, source, kind, resource, compared, name_key, external_id, version, created_at,
                           modified_at)
SELECT uuidv7(), $1, 'User', '{}',
       jsonb_build_object('emails', jsonb_build_array(jsonb_build_object(
           'type', 'work', 'value', 'u' || n || '@x.example'))),
       'u' || n, 'x' || n, 1, now(), now()
FROM generate_series(1, 100000) AS n
"""


async def plan(ground: Ground, ask: Any) -> str:
    spy = Asked()
    await ask(spy)
    statement, *arguments = spy.said
    rows = await ground.door.pool.fetch(f"EXPLAIN {statement}", *arguments)
    return "\n".join(row[0] for row in rows)

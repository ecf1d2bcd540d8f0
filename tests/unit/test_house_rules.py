"""The rules of the style guide that a machine can check, on the whole tree; each rule on bad examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.rules import names, purity, queries, size, state, testing, trouble
from tests.rules.source import Source, sources

ROOT = Path(__file__).parents[2]
Rule: TypeAlias = Callable[[Source], Iterator[str]]

RULES: tuple[Rule, ...] = (
    names.empty_names,
    names.handler_names,
    names.get_or_find,
    purity.pure_core,
    queries.sql_only_in_store,
    queries.no_star,
    queries.no_built_sql,
    queries.one_statement_per_function,
    trouble.catches_everything,
    trouble.nameless_refusal,
    trouble.refusals_without_code,
    size.long_functions,
    size.long_files,
    size.many_parameters,
    state.module_level_state,
    state.changed_constants,
    state.hidden_imports,
    testing.mocks,
    testing.naps,
    testing.skips,
)

CORE, STORE, JOBS = "services/x/core.py", "services/x/store/people.py", "services/x/jobs.py"
SHARED, TEST = "shared/x.py", "tests/unit/test_x.py"

BAD: tuple[tuple[Rule, str, str], ...] = (
    (names.empty_names, "shared/date_utils.py", ""),
    (names.empty_names, "services/common/core.py", ""),
    (names.empty_names, SHARED, "class SessionManager: ..."),
    (names.empty_names, SHARED, "class BaseRow: ..."),
    (names.handler_names, "services/x/consumers.py", "CONSUMERS = {MatchMade: open_agreement}"),
    (names.handler_names, "services/x/consumers.py", "CONSUMERS: M = {MatchMade: h.on_matches_made}"),
    (
        names.handler_names,
        "services/x/consumers.py",
        "CONSUMERS = {events.MatchMade: InBatches(on_made_match)}",
    ),
    (names.get_or_find, STORE, "async def get_person(conn) -> Person | None: ..."),
    (names.get_or_find, STORE, "async def get_person(conn) -> Optional[Person]: ..."),
    (purity.pure_core, CORE, "import asyncpg"),
    (purity.pure_core, CORE, "from shared import tx"),
    (purity.pure_core, CORE, "from pydantic import BaseModel"),
    (purity.pure_core, "services/x/core/slots.py", "import random"),
    (purity.pure_core, CORE, "async def f(): ..."),
    (purity.pure_core, CORE, "def f(): return datetime.now(UTC)"),
    (purity.pure_core, CORE, "def f(): return uuid.uuid4()"),
    (purity.pure_core, CORE, "@dataclass\nclass Slot: ..."),
    (purity.pure_core, CORE, "@dataclass(frozen=False)\nclass Slot: ..."),
    (queries.sql_only_in_store, JOBS, 'async def f(tx): await x("SELECT id FROM person")'),
    (queries.sql_only_in_store, JOBS, 'Q = "UPDATE person SET name = $1"'),
    (queries.sql_only_in_store, JOBS, "async def f(tx): await tx.conn.execute(Q)"),
    (queries.no_star, SHARED, 'Q = "SELECT * FROM outbox"'),
    (queries.no_star, STORE, 'Q = "SELECT p.* FROM person p"'),
    (queries.no_star, STORE, 'Q = "INSERT INTO person VALUES ($1) RETURNING *"'),
    (queries.no_built_sql, STORE, 'async def f(conn, x): await conn.fetch(f"SELECT {x} FROM y")'),
    (queries.no_built_sql, STORE, "async def f(conn, x): await conn.fetch(A + x)"),
    (queries.no_built_sql, STORE, 'Q = "SELECT a FROM " + TABLE'),
    (queries.no_built_sql, STORE, 'def f(x): return "SELECT a FROM %s" % x'),
    (
        queries.one_statement_per_function,
        STORE,
        "async def f(conn):\n await conn.execute(A)\n await conn.fetch(B)",
    ),
    (queries.one_statement_per_function, STORE, "async def f(person, conn): await conn.execute(A, person)"),
    (trouble.catches_everything, JOBS, "try: f()\nexcept Exception: pass"),
    (trouble.catches_everything, "deploy/x.py", "try: f()\nexcept: pass"),
    (trouble.catches_everything, TEST, "try: f()\nexcept (KeyError, BaseException): pass"),
    (trouble.catches_everything, JOBS, "with contextlib.suppress(Exception): f()"),
    (trouble.nameless_refusal, JOBS, 'raise Refused("no")'),
    (trouble.refusals_without_code, JOBS, "class Full(Refused): status = 409"),
    (size.long_functions, JOBS, "def f():\n" + " x = 1\n" * 40),
    (size.long_files, TEST, "\n" * 401),
    (size.many_parameters, JOBS, "def f(a, b, c, d, e): ..."),
    (size.many_parameters, SHARED, "class C:\n def f(self, a, b, c, d, e): ..."),
    (state.module_level_state, SHARED, "connect()"),
    (state.module_level_state, SHARED, "cache = 7"),
    (state.module_level_state, SHARED, "CACHE = defaultdict(int)"),
    (state.module_level_state, SHARED, "LOCK = asyncio.Lock()"),
    (state.module_level_state, SHARED, "for x in y: ..."),
    (state.module_level_state, SHARED, "def f():\n global x"),
    (state.changed_constants, JOBS, "SEEN[1] = 2"),
    (state.changed_constants, JOBS, "def f(): core.SEEN.append(1)"),
    (state.changed_constants, JOBS, "def f(): del SEEN[1]"),
    (state.hidden_imports, JOBS, "def f():\n import re"),
    (testing.mocks, TEST, "from unittest import mock"),
    (testing.mocks, TEST, "from unittest.mock import patch"),
    (testing.naps, TEST, "def test_x(): time.sleep(1)"),
    (testing.naps, TEST, "async def test_x(): await asyncio.sleep(0.1)"),
    (testing.skips, TEST, "def test_x(): pytest.skip()"),
    (testing.skips, TEST, '@pytest.mark.skipif(1, reason="")\ndef test_x(): ...'),
)

GOOD: tuple[tuple[Rule, str, str], ...] = (
    (names.empty_names, SHARED, "class DatabaseAway(Exception): ...\nclass Informed: ..."),
    (names.handler_names, "services/x/consumers.py", "CONSUMERS = {MatchMade: on_match_made}"),
    (names.handler_names, "services/x/consumers.py", "CONSUMERS = {MatchMade: InBatches(on_matches_made)}"),
    (names.get_or_find, STORE, "async def find_person(conn) -> Person | None: ..."),
    (purity.pure_core, CORE, "@dataclass(frozen=True, slots=True)\nclass Slot: ..."),
    (queries.sql_only_in_store, JOBS, 'def f():\n """Reads SELECT id FROM person."""'),
    (queries.no_star, STORE, 'Q = "SELECT count(*) FROM person"'),
    (queries.one_statement_per_function, STORE, "def f(row): return Person(row)"),
    (trouble.catches_everything, SHARED, "try: f()\nexcept Exception: pass"),
    (trouble.refusals_without_code, JOBS, 'class Full(Refused): code = "full"'),
    (size.many_parameters, JOBS, "def f(a, b, c, d, *, e, g): ..."),
    (state.module_level_state, SHARED, 'A = {1: 2}\n__all__ = ["x"]\nT = TypeVar("T")\nrouter = APIRouter()'),
    (state.module_level_state, "services/x/__main__.py", "main(Settings, build)"),
    (testing.naps, TEST, "def test_x():\n while not done(): time.sleep(0.1)"),
)


@pytest.fixture(scope="module")
def tree() -> list[Source]:
    return sources(ROOT)


def shown(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", RULES, ids=shown)
def test_the_house_keeps_its_rule(rule: Rule, tree: list[Source]) -> None:
    wrong = [sentence for source in tree for sentence in rule(source)]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize(("rule", "path", "text"), BAD, ids=lambda part: getattr(part, "__name__", None))
def test_a_rule_sees_what_breaks_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), GOOD, ids=lambda part: getattr(part, "__name__", None))
def test_a_rule_lets_pass_what_keeps_it(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(Source(path, text)))


def test_every_rule_has_a_bad_example() -> None:
    assert {rule for rule, _, _ in BAD} == set(RULES)


def test_the_whole_tree_is_looked_at(tree: list[Source]) -> None:
    areas = {source.area for source in tree}
    assert areas == {"services", "shared", "deploy", "tests"}
    assert {source.room for source in tree} >= {"core", "store", "api", "consumers", "jobs"}

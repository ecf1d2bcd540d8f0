"""No table is forgotten when a person is: each is named with what an erasure does to it, or why nothing."""

from __future__ import annotations

import importlib
from typing import Any

import asyncpg
import pytest

from shared import privacy
from shared.contract import files, openapi
from tests import infra

SERVICES = openapi.names(files.SERVICES)
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND i.inhrelid IS NULL
"""
EVERY_SERVICE = pytest.mark.parametrize("name", SERVICES)


def kept_by(name: str) -> Any:
    return importlib.import_module(f"services.{name}.store.privacy")


@EVERY_SERVICE
async def test_U7_an_erasure_knows_EVERY_TABLE_of_a_service(name: str, database: infra.MakeDatabase) -> None:
    conn = await asyncpg.connect((await database(name)).dsn)
    tables = {row["relname"] for row in await conn.fetch(TABLES)}
    await conn.close()
    emptied = {*privacy.EMPTIED, *(place.table for place in kept_by(name).ERASED)}
    left = {*privacy.WITHOUT, *kept_by(name).WITHOUT}
    advice = f"name it in services/{name}/store/privacy.py: in ERASED, or in WITHOUT with the reason"
    assert tables - emptied - left == set(), advice
    assert (emptied | left) - tables == set(), "a table that there is not"
    assert emptied & left == set(), "one of the two"


@EVERY_SERVICE
async def test_U7_the_role_that_runs_a_service_can_erase_and_finds_nothing_twice(
    name: str, database: infra.MakeDatabase
) -> None:
    conn = await asyncpg.connect((await database(name)).dsn)
    for place in kept_by(name).ERASED:
        assert f" {place.table} " in f"{place.sql} " or "forget_" in place.sql
        said = await conn.execute(place.sql, "019536a1-7c00-7000-8000-000000000001")
        assert said.rpartition(" ")[2] == "0"
    await conn.close()

"""What migrations build is what schema.sql shows: the same catalog."""

from __future__ import annotations

import asyncpg
import pytest

from shared.contract import files, openapi
from tests import infra

SERVICES = openapi.names(files.SERVICES)
NAMESPACE = "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'"
CATALOG = {
    "tables": f"""
        SELECT c.relname, c.relkind::text, c.relpersistence::text, pg_get_partkeydef(c.oid),
               pg_get_expr(c.relpartbound, c.oid), pg_get_viewdef(c.oid)
        FROM pg_class c {NAMESPACE} AND c.relkind IN ('r', 'p', 'v', 'm', 'S')""",
    "columns": f"""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
               a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid), a.attnum
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum {NAMESPACE}
        AND c.relkind IN ('r', 'p', 'v', 'm')""",
    "constraints": f"""
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid {NAMESPACE}""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.prokind IN ('f', 'p')
          AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')""",
    "triggers": f"""
        SELECT c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        {NAMESPACE} AND NOT t.tgisinternal""",
    "types": """
        SELECT t.typname, t.typtype::text, format_type(t.typbasetype, t.typtypmod),
               (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
                FROM pg_enum e WHERE e.enumtypid = t.oid)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = 'public' AND t.typtype IN ('e', 'd')""",
    "extensions": "SELECT extname FROM pg_extension",
}


async def catalog(dsn: str) -> dict[str, set[tuple[object, ...]]]:
    """Everything that a migration can make, in words."""
    conn = await asyncpg.connect(dsn)
    try:
        found = {name: {tuple(row) for row in await conn.fetch(query)} for name, query in CATALOG.items()}
    finally:
        await conn.close()
    return {
        name: {row for row in rows if "schema_migrations" not in str(row)} for name, rows in found.items()
    }


async def shown(database: infra.MakeDatabase, schema: str) -> dict[str, set[tuple[object, ...]]]:
    """The catalog that the plumbing and a schema file give."""
    store = await database("plumbing")
    conn = await asyncpg.connect(store.owner_dsn)
    await conn.execute(schema)
    await conn.close()
    return await catalog(store.owner_dsn)


@pytest.mark.parametrize("name", SERVICES)
async def test_the_migrations_add_up_to_the_schema_that_is_shown(
    name: str, database: infra.MakeDatabase
) -> None:
    schema = (files.SERVICES / name / "sql" / "schema.sql").read_text()
    migrated = await catalog((await database(name)).owner_dsn)
    read = await shown(database, schema)
    for kind in CATALOG:
        assert migrated[kind] - read[kind] == set(), f"{kind} that schema.sql lacks"
        assert read[kind] - migrated[kind] == set(), f"{kind} that no migration makes"


async def test_a_difference_is_noticed(database: infra.MakeDatabase) -> None:
    one = await shown(database, "CREATE TABLE pet (id int PRIMARY KEY, name text);")
    for other in (
        "CREATE TABLE pet (id int PRIMARY KEY, name text NOT NULL);",
        "CREATE TABLE pet (id int PRIMARY KEY, name text CHECK (name <> ''));",
        "CREATE TABLE pet (id int PRIMARY KEY, name text); CREATE INDEX pet_name ON pet (name);",
        "CREATE TABLE pet (id int PRIMARY KEY, name text DEFAULT 'Rex');",
    ):
        assert await shown(database, other) != one

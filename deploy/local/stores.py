"""The stores of all services, brought to the schema of this code; on our own server or on given ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from deploy.local import databases
from deploy.local.child import Trouble
from deploy.local.databases import SERVICES, Store
from shared import migrate

ROOT = Path(__file__).parents[2]

SAID_COPY = """
CREATE TABLE IF NOT EXISTS said (
    event_id     uuid PRIMARY KEY,
    topic        text NOT NULL,
    key          text NOT NULL,
    committed_at timestamptz NOT NULL
);
CREATE OR REPLACE FUNCTION copy_said() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO said (event_id, topic, key, committed_at)
    VALUES (NEW.event_id, NEW.topic, NEW.key, NEW.committed_at);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER copy_said AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION copy_said();
"""


async def own(admin_dsn: str) -> dict[str, Store]:
    """The databases of all services on our own server, made where they are missing."""
    there = await databases.names(admin_dsn)
    stores = {}
    for service in SERVICES:
        name = databases.app_role(service)
        await databases.make_roles(admin_dsn, service)
        if name in there:
            stores[service] = databases.store(admin_dsn, service, name)
        else:
            stores[service] = await databases.make(admin_dsn, service, name)
    return stores


async def given(owner_dsns: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Store]:
    """The databases somebody gave us by their owners' addresses. Raises Trouble.

    The role that runs a service is `DATABASE_URL_<SERVICE>_APP`'s; without it the owner makes one.
    """
    return {service: await _given(service, dsn, env) for service, dsn in owner_dsns.items()}


async def _given(service: str, owner_dsn: str, env: Mapping[str, str]) -> Store:
    variable = f"DATABASE_URL_{service.upper()}"
    name = urlsplit(owner_dsn).path.lstrip("/")
    app_dsn = env.get(f"{variable}_APP")
    try:
        if app_dsn is None:
            await databases.make_role(owner_dsn, databases.app_role(service))
            app_dsn = databases.dsn_as(owner_dsn, databases.app_role(service), name)
        conn = await asyncpg.connect(app_dsn, timeout=10)
        await conn.close()
    except asyncpg.InsufficientPrivilegeError as error:
        raise Trouble(
            f"The owner in {variable} may not make the role {databases.app_role(service)}: "
            f"make a role with a login for the service and give its address in {variable}_APP."
        ) from error
    except (OSError, asyncpg.PostgresError, ValueError) as error:
        raise Trouble(f"The database of {service} cannot be used ({error}): check {variable}.") from error
    return Store(name, app_dsn, owner_dsn, unquote(urlsplit(app_dsn).username or ""))


def by_way_of(store: Store, port: int) -> Store:
    """The store whose service comes to another port of this machine; its owner comes as before."""
    parts = urlsplit(store.dsn)
    login, _, host = parts.netloc.rpartition("@")
    name = host.rpartition(":")[0] or host
    return replace(store, dsn=urlunsplit(parts._replace(netloc=f"{login}@{name}:{port}")))


async def migrate_all(stores: Mapping[str, Store]) -> dict[str, list[str]]:
    """Brings all stores to this code's schema; returns what was applied per service. Raises Trouble."""
    applied = {}
    for service, store in stores.items():
        folder = ROOT / "services" / service
        try:
            applied[service] = await migrate.migrate(store.owner_dsn, folder, store.app_role)
        except (migrate.Drift, migrate.MigrationFailed) as error:
            raise Trouble(f"{service}: {error}.") from error
        except (OSError, asyncpg.PostgresError) as error:
            raise Trouble(f"The database of {service} cannot be migrated: {error}.") from error
    return applied


async def require_empty(stores: Mapping[str, Store]) -> None:
    """Raises Trouble where a given database has tables: nobody's data are thrown away."""
    for service, store in stores.items():
        conn = await asyncpg.connect(store.owner_dsn, timeout=10)
        try:
            tables = await conn.fetchval(
                "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
        finally:
            await conn.close()
        if tables:
            raise Trouble(f"The database of {service} is not empty: give an empty one, it will be filled.")


async def copy_what_is_said(stores: Mapping[str, Store]) -> None:
    """Keeps a copy of every outbox row's event id, topic, key and time in `said`, for counting afterwards."""
    for store in stores.values():
        conn = await asyncpg.connect(store.owner_dsn, timeout=10)
        try:
            await conn.execute(SAID_COPY)
        finally:
            await conn.close()

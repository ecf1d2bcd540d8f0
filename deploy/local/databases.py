"""The databases of the services on one server, each with an owner and with a role that works in it."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

SERVICES = ("matching", "scheduling", "notifications", "analytics")


@dataclass(frozen=True)
class Store:
    """The addresses of one database: for the role that runs the service and for the owner of the tables."""

    name: str
    dsn: str
    owner_dsn: str
    app_role: str


def owner_role(service: str) -> str:
    return f"mentoring_{service}_owner"


def app_role(service: str) -> str:
    return f"mentoring_{service}"


def store(admin_dsn: str, service: str, name: str) -> Store:
    """The addresses of the database `name` of a service, on the server of `admin_dsn`."""
    return Store(
        name,
        dsn_as(admin_dsn, app_role(service), name),
        dsn_as(admin_dsn, owner_role(service), name),
        app_role(service),
    )


def password(admin_dsn: str, role: str) -> str:
    """A role's password: it follows from the administrator's, so that nobody needs to keep it."""
    secret = unquote(urlsplit(admin_dsn).password or "")
    return hashlib.sha256(f"{secret}/{role}".encode()).hexdigest()[:32]


async def make_roles(admin_dsn: str, service: str) -> None:
    """Makes the two roles of a service, or gives them their passwords again."""
    for role in (owner_role(service), app_role(service)):
        await make_role(admin_dsn, role)


async def make_role(admin_dsn: str, role: str) -> None:
    """Makes a role with a login, or gives it its password again."""
    conn = await asyncpg.connect(admin_dsn, timeout=10)
    try:
        with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await conn.execute(f'CREATE ROLE "{role}" LOGIN')
        await conn.execute(f"ALTER ROLE \"{role}\" PASSWORD '{password(admin_dsn, role)}'")
    finally:
        await conn.close()


async def make(admin_dsn: str, service: str, name: str, *, template: str = "template1") -> Store:
    """Makes the database `name` for a service whose roles exist: a copy of `template`, closed to others."""
    conn = await asyncpg.connect(admin_dsn, timeout=10)
    try:
        await conn.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY WAL_LOG OWNER "{owner_role(service)}"'
        )
        await conn.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        await conn.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{app_role(service)}"')
    finally:
        await conn.close()
    return store(admin_dsn, service, name)


async def drop(admin_dsn: str, name: str) -> None:
    """Drops a database and cuts off whoever still uses it."""
    conn = await asyncpg.connect(admin_dsn, timeout=10)
    try:
        await conn.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await conn.close()


async def names(admin_dsn: str) -> set[str]:
    """The databases there are."""
    conn = await asyncpg.connect(admin_dsn, timeout=10)
    try:
        return {row["datname"] for row in await conn.fetch("SELECT datname FROM pg_database")}
    finally:
        await conn.close()


def dsn_as(admin_dsn: str, role: str, database: str) -> str:
    """The address of a database on the server of `admin_dsn`, for a role made by `make_role`."""
    parts = urlsplit(admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(role)}:{password(admin_dsn, role)}"
    return urlunsplit((parts.scheme, f"{login}@{host}", f"/{database}", parts.query, ""))

"""Where the broker and the database server come from: the one place that decides.

In this order: an address in the environment, else the embedded stack, else Docker through testcontainers,
else one sentence that says what to install.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Literal, TypeAlias

import docker
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer

from deploy.local import kafka, ports, postgres
from deploy.local.child import Trouble
from deploy.local.databases import SERVICES

Source: TypeAlias = Literal["given", "embedded", "docker"]

KAFKA_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
POSTGRES_IMAGE = "postgres:18.1-bookworm"
NO_KAFKA = (
    f"No Kafka: set {KAFKA_VARIABLE}, or install openjdk-17-jre-headless and maven and run `make setup`, "
    "or start Docker."
)
NO_POSTGRES = (
    "No PostgreSQL: set DATABASE_URL_MATCHING and its three siblings, or run `make setup`, or start Docker."
)


def given_kafka(env: Mapping[str, str]) -> str | None:
    return env.get(KAFKA_VARIABLE) or None


def given_databases(env: Mapping[str, str]) -> dict[str, str]:
    """The owners' addresses per service: of all services or of none. Raises Trouble."""
    found = {service: env.get(_variable(service), "") for service in SERVICES}
    missing = [_variable(service) for service, dsn in found.items() if not dsn]
    if len(missing) == len(SERVICES):
        return {}
    if missing:
        raise Trouble(f"Databases are given for some services only: set {' and '.join(missing)}, too.")
    return found


def kafka_source(env: Mapping[str, str]) -> Source:
    """Raises Trouble where there is no way to a broker."""
    if given_kafka(env):
        return "given"
    if kafka.java() is not None:
        return "embedded"
    if _docker_answers():
        return "docker"
    raise Trouble(NO_KAFKA)


def postgres_source(env: Mapping[str, str]) -> Source:
    """Raises Trouble where there is no way to a database server."""
    if given_databases(env):
        return "given"
    if postgres.binaries() is not None:
        return "embedded"
    if _docker_answers():
        return "docker"
    raise Trouble(NO_POSTGRES)


def kafka_container() -> tuple[DockerContainer, str]:
    """A broker in Docker, not yet started, and the address it will have."""
    port = ports.free(1)[0]
    settings = {name.replace(".", "_").upper(): value for name, value in kafka.SETTINGS.items()}
    settings |= {
        "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://{ports.HOST}:{port}",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    }
    container = DockerContainer(f"apache/kafka:{kafka.version()}").with_bind_ports(9092, port)
    for name, value in settings.items():
        container = container.with_env(f"KAFKA_{name}", value)
    return container, f"{ports.HOST}:{port}"


def postgres_container() -> tuple[DockerContainer, str]:
    """A database server in Docker, not yet started, and the superuser's address."""
    port, password = ports.free(1)[0], secrets.token_hex(16)
    container = DockerContainer(POSTGRES_IMAGE).with_bind_ports(5432, port)
    container = container.with_env("POSTGRES_PASSWORD", password)
    return container, f"postgresql://postgres:{password}@{ports.HOST}:{port}/postgres"


def _variable(service: str) -> str:
    return f"DATABASE_URL_{service.upper()}"


def _docker_answers() -> bool:
    try:
        return bool(docker.from_env(timeout=5).ping())
    except DockerException:
        return False

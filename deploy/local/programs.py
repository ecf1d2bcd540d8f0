"""The programs of the stack, four services and the live worker: command lines, surroundings, readiness."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from deploy.local import ports
from deploy.local.child import Child
from deploy.local.databases import SERVICES, Store
from deploy.local.home import Home, write_private
from deploy.local.stores import ROOT
from deploy.local.supervise import Part

Clock: TypeAlias = Literal["wall", "stepped"]

LIVE = "analytics-live"
MAIL_FROM = "mentoring@mentoring.example"
SERVICE_SCOPES = (
    "people:read", "people:write", "programmes:read", "programmes:write", "matches:read", "matches:write",
    "sessions:read", "sessions:write", "figures:read",
)  # fmt: skip
# One process is one core's worth of work: no thread pools for small matrices, few heaps.
LEAN = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Tokens:
    """Service tokens in clear: an administrator's and a service's. Their hashes are what services get."""

    admin: str
    service: str


@dataclass(frozen=True)
class Wiring:
    """What the programs need to find each other. `http` has the base URLs of each service's replicas.

    `server` is the superuser's address, empty where the database server is not our own.
    """

    home: Home
    kafka: str
    topic_prefix: str
    stores: Mapping[str, Store]
    http: Mapping[str, tuple[str, ...]]
    smtp_port: int
    link_key: str
    tokens: Tokens
    clock: Clock
    server: str = ""


def new_tokens(home: Home) -> Tokens:
    """Makes the tokens of this run and leaves their hashes where services read them."""
    tokens = Tokens(f"mta_{secrets.token_urlsafe(32)}", f"mts_{secrets.token_urlsafe(32)}")
    rows = [
        {"id": "administrator", "sha256": _hash(tokens.admin), "scopes": ["admin"]},
        {"id": "service", "sha256": _hash(tokens.service), "scopes": SERVICE_SCOPES},
    ]
    write_private(home.tokens, json.dumps(rows))
    return tokens


def place(service: str, replica: int) -> str:
    """The name of a process: in logs, in notes, among the ports and among the process numbers."""
    return f"{service}-{replica}"


def parts(wiring: Wiring) -> list[Part]:
    """All programs, not started: each service's replicas and the live worker."""
    made = [
        _service(wiring, service, replica)
        for service in SERVICES
        for replica in range(len(wiring.http[service]))
    ]
    return [*made, _live(wiring)]


def _service(wiring: Wiring, service: str, replica: int) -> Part:
    name = place(service, replica)
    port = int(wiring.http[service][replica].rpartition(":")[2])
    env = _environment(wiring, service) | {
        "MENTORING_REPLICA": str(replica),
        "MENTORING_HTTP_PORT": str(port),
    }
    child = _child(wiring, name, (f"services.{service}", "serve"), env)
    return Part(name, child, _spawner(child, port), lambda: is_ready(port))


def _live(wiring: Wiring) -> Part:
    child = _child(wiring, LIVE, ("services.analytics", "live"), _environment(wiring, "analytics"))
    return Part(LIVE, child, child.start, lambda: child.alive)


def _child(wiring: Wiring, name: str, module: tuple[str, str], env: Mapping[str, str]) -> Child:
    home = wiring.home
    return Child(
        name,
        (sys.executable, "-m", *module),
        log=home.logs / f"{name}.log",
        note=home.notes / f"{name}.json",
        directory=ROOT,
        env=env,
    )


def _spawner(child: Child, port: int) -> Callable[[], None]:
    def spawn() -> None:
        ports.require_free(port, child.name)
        child.start()

    return spawn


def _environment(wiring: Wiring, service: str) -> dict[str, str]:
    matching, scheduling = wiring.http["matching"][0], wiring.http["scheduling"][0]
    return LEAN | {
        "MENTORING_DSN": wiring.stores[service].dsn,
        "MENTORING_KAFKA": wiring.kafka,
        "MENTORING_TOPIC_PREFIX": wiring.topic_prefix,
        "MENTORING_HTTP_HOST": ports.HOST,
        "MENTORING_CLOCK": wiring.clock,
        "MENTORING_STACK_DIR": str(wiring.home.root),
        "MENTORING_LINK_KEY": wiring.link_key,
        "MENTORING_TOKENS_FILE": str(wiring.home.tokens),
        "MENTORING_SMTP_HOST": ports.HOST,
        "MENTORING_SMTP_PORT": str(wiring.smtp_port),
        "MENTORING_MAIL_FROM": MAIL_FROM,
        "MENTORING_PAGES_MATCHING": matching,
        "MENTORING_PAGES_SCHEDULING": scheduling,
        "MENTORING_MY_DATA_NEXT": _next_part(wiring, service),
        "MENTORING_PLUMBING_URLS": json.dumps(wiring.http),
        "MENTORING_DESK_URL": f"{wiring.http['matching'][0]}/desk",
        "MENTORING_PLUMBING_TOKEN": wiring.tokens.admin,
    }


def _next_part(wiring: Wiring, service: str) -> str:
    """Where the next part of people's own data is; nowhere after the last service."""
    at = SERVICES.index(service) + 1
    return wiring.http[SERVICES[at]][0] if at < len(SERVICES) else ""


def is_ready(port: int, timeout_s: float = 1.0) -> bool:
    """Whether the service there says that it can do its work."""
    line = http.client.HTTPConnection(ports.HOST, port, timeout=timeout_s)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

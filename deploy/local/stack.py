"""The whole company on one machine: Kafka, PostgreSQL, a mail sink, four services and the live worker.

async with stack.running(Path(".local")) as company:
    company.http["matching"][0], company.tokens.admin, …
    company.part("matching").kill()          # it is started again by itself
    await company.server("kafka").stop()     # away until `await company.server("kafka").start()`
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from aiokafka.errors import KafkaError

from deploy.local import home as homes
from deploy.local import hris, kafka, mail, ports, postgres, programs, servers, stores
from deploy.local.child import Trouble
from deploy.local.databases import SERVICES, Store
from deploy.local.home import Home, State
from deploy.local.programs import Clock, Tokens, Wiring
from deploy.local.supervise import Part, Supervisor, stop_all
from shared import topics

SERVER_PORTS = ("kafka", "kafka-controller", "postgres", "mail")
REPLICAS_MAX = 6
BYTES_PER_MB = 1 << 20


@dataclass(frozen=True)
class Plan:
    """What kind of stack is wanted: see `running`."""

    replicas: Mapping[str, int]
    clock: Clock
    port_base: int | None
    said_copy: bool
    fresh: bool
    only_servers: bool
    env: Mapping[str, str]
    by_way_of: Mapping[str, int]
    tell: Callable[[str], None]


@dataclass(eq=False)
class Stack:
    """A running stack. `parts` are its processes by name; `told` is what its supervisor had to say. `hris`
    are the doors of an HR system, where services run."""

    wiring: Wiring
    mail: mail.Sink
    hris: hris.Doors | None = None
    parts: dict[str, Part] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def directory(self) -> Path:
        return self.wiring.home.root

    @property
    def kafka(self) -> str:
        """Bootstrap servers."""
        return self.wiring.kafka

    @property
    def topic_prefix(self) -> str:
        return self.wiring.topic_prefix

    @property
    def http(self) -> Mapping[str, tuple[str, ...]]:
        """The base URLs of each service's processes."""
        return self.wiring.http

    @property
    def stores(self) -> Mapping[str, Store]:
        """The database addresses of each service."""
        return self.wiring.stores

    @property
    def tokens(self) -> Tokens:
        return self.wiring.tokens

    @property
    def mail_dir(self) -> Path:
        return self.mail.folder

    @property
    def console(self) -> str:
        """A link that opens the console."""
        return f"{self.http['analytics'][0]}/console?token={self.tokens.admin}"

    @property
    def desk(self) -> str:
        """A link that opens the desk of matching."""
        return f"{self.http['matching'][0]}/desk/?token={self.tokens.admin}"

    def part(self, service: str, replica: int = 0) -> Part:
        """A process of a service, to kill, freeze, stop, start or restart."""
        return self.parts[programs.place(service, replica)]

    def server(self, name: str) -> Part:
        """Our own "kafka" or "postgres". Raises Trouble where it was given to us."""
        if name not in self.parts:
            raise Trouble(f"{name} was not started by this stack, so it cannot be stopped by it.")
        return self.parts[name]

    def memory_mb(self) -> dict[str, float]:
        """MiB per process, ours included: proportional set size, so that shared pages count once."""
        pids = {name: part.child.pid for name, part in self.parts.items()} | {"supervisor": os.getpid()}
        return {name: _memory_mb(pid, alone=name == "supervisor") for name, pid in pids.items() if pid}

    def describe(self) -> None:
        """Writes `stack.json`, by which commands and tests find what runs here."""
        found = {
            "kafka": self.kafka,
            "topic_prefix": self.topic_prefix,
            "clock": self.wiring.clock,
            "databases": {service: store.owner_dsn for service, store in self.stores.items()},
            "app_roles": {service: store.app_role for service, store in self.stores.items()},
            "server": self.wiring.server,
            "http": self.http,
            "console": self.console,
            "desk": self.desk,
            "mail_dir": str(self.mail_dir),
            "tokens": {"admin": self.tokens.admin, "service": self.tokens.service},
            "hris": self.hris.described(self.http["matching"][0]) if self.hris else {},
            "pids": {name: part.child.pid for name, part in self.parts.items() if part.child.pid},
            "supervisor": os.getpid(),
        }
        homes.write_private(self.wiring.home.description, json.dumps(found, indent=2))


@asynccontextmanager
async def running(
    directory: Path,
    *,
    replicas: Mapping[str, int] | None = None,
    clock: Clock = "wall",
    port_base: int | None = None,
    said_copy: bool = False,
    fresh: bool = False,
    keep: bool = True,
    only_servers: bool = False,
    env: Mapping[str, str] | None = None,
    by_way_of: Mapping[str, int] | None = None,
    tell: Callable[[str], None] = print,
) -> AsyncIterator[Stack]:
    """Starts a stack in `directory`, stops it at the end. Raises Trouble, one sentence for the user.

    `replicas` is how many processes a service has, where it is not one. `fresh` begins without the data of
    the last run, and without `keep` they are removed at the end. `said_copy` keeps a copy of what is said.
    `only_servers` starts no service and makes no topic. `by_way_of` has the ports at which the programs find
    our "kafka" and "postgres" where something stands in between. `tell` gets what the supervisor says.
    Call it in the main thread: the processes end when the thread ends that started them.
    """
    many, surroundings = _checked(replicas or {}), env or os.environ
    plan = Plan(many, clock, port_base, said_copy, fresh, only_servers, surroundings, by_way_of or {}, tell)
    async with AsyncExitStack() as ends:
        home = ends.enter_context(homes.held(directory))
        state = homes.lasting(home, fresh=fresh)
        if not keep:
            ends.callback(homes.forget, home)
        allotted = _allot(home, state, plan)
        kafka_address, own_broker = ends.enter_context(_broker(home, plan, allotted))
        admin_dsn, own_server = ends.enter_context(_database(home, state, plan, allotted))
        own = _spawned(ends, own_server, own_broker)
        found = await _stores(admin_dsn, own_server, plan)
        prefix = await _topics(kafka_address, own_broker, plan)
        wiring = Wiring(
            home, kafka_address, prefix, found, _http(plan, allotted), allotted["mail"], state.link_key,
            programs.new_tokens(home), clock, admin_dsn() if admin_dsn else "",
        )  # fmt: skip
        yield await _company(ends, wiring, own, plan)


def _spawned(ends: AsyncExitStack, *found: Part | None) -> list[Part]:
    """Our own servers, on their way up; they are stopped at the end."""
    own = [part for part in found if part is not None]
    ends.push_async_callback(stop_all, own)
    for part in own:
        part.spawn()
    return own


async def _company(ends: AsyncExitStack, wiring: Wiring, own: list[Part], plan: Plan) -> Stack:
    """Starts the mail sink and all programs, then the supervision of everything."""
    sink = mail.Sink(wiring.home.mail, port=wiring.smtp_port)
    await sink.start()
    ends.push_async_callback(sink.stop)
    made = [] if plan.only_servers else programs.parts(wiring)
    ends.push_async_callback(stop_all, made)
    await _all_started(made)
    doors = await hris.opened(wiring.stores["matching"], wiring.link_key) if made else None
    company = Stack(wiring, sink, doors, {part.name: part for part in (*own, *made)})
    supervisor = Supervisor(list(company.parts.values()), plan.tell, company.describe, company.told)
    watching = asyncio.create_task(supervisor.watch(), name="supervisor")
    ends.push_async_callback(_end, watching)
    company.describe()
    return company


async def _all_started(parts: list[Part]) -> None:
    """Starts all at once; the first that fails decides, and the others are not waited for."""
    tasks = [asyncio.create_task(part.start()) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _checked(replicas: Mapping[str, int]) -> Mapping[str, int]:
    for service, many in replicas.items():
        if service not in SERVICES:
            raise Trouble(f"There is no service {service}: choose from {', '.join(SERVICES)}.")
        if not 1 <= many <= REPLICAS_MAX:
            raise Trouble(f"{service} can have 1 to {REPLICAS_MAX} replicas, not {many}.")
    return {service: replicas.get(service, 1) for service in SERVICES}


def _allot(home: Home, state: State, plan: Plan) -> Mapping[str, int]:
    places = [programs.place(service, n) for service, many in plan.replicas.items() for n in range(many)]
    allotted = ports.allot((*SERVER_PORTS, *places), base=plan.port_base, remembered=state.ports)
    homes.keep(home, replace(state, ports=allotted))
    return allotted


def _http(plan: Plan, allotted: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    return {
        service: tuple(f"http://{ports.HOST}:{allotted[programs.place(service, n)]}" for n in range(many))
        for service, many in plan.replicas.items()
    }


@contextmanager
def _broker(home: Home, plan: Plan, allotted: Mapping[str, int]) -> Iterator[tuple[str, Part | None]]:
    """The broker's address, and the broker where it is our own process, not yet started."""
    source = servers.kafka_source(plan.env)
    if source == "given":
        yield str(servers.given_kafka(plan.env)), None
    elif source == "embedded":
        chosen = allotted["kafka"], allotted["kafka-controller"]
        broker = kafka.Broker(
            home.kafka,
            notes=home.notes,
            log=home.logs / "kafka.log",
            ports_chosen=chosen,
            advertised=plan.by_way_of.get("kafka"),
        )
        yield broker.advertised, Part("kafka", broker.child, broker.spawn, broker.answers)
    else:
        container, address = servers.kafka_container()
        with container:
            yield address, None


@contextmanager
def _database(
    home: Home, state: State, plan: Plan, allotted: Mapping[str, int]
) -> Iterator[tuple[Callable[[], str] | None, Part | None]]:
    """The superuser's address, known once the server answers, and the server where it is our own process."""
    source = servers.postgres_source(plan.env)
    if source == "given":
        yield None, None
    elif source == "embedded":
        log, port = home.logs / "postgres.log", allotted["postgres"]
        server = postgres.Server(Path(state.postgres_home), notes=home.notes, log=log, port=port)
        yield server.dsn, Part("postgres", server.child, server.spawn, server.answers)
    else:
        container, dsn = servers.postgres_container()
        with container:
            yield lambda: dsn, None


async def _stores(
    admin_dsn: Callable[[], str] | None, own_server: Part | None, plan: Plan
) -> dict[str, Store]:
    """The stores of all services, migrated."""
    if admin_dsn is None:
        found = await stores.given(servers.given_databases(plan.env), plan.env)
        if plan.fresh:
            await stores.require_empty(found)
    else:
        if own_server is not None:
            await own_server.came_up()
        found = await stores.own(admin_dsn())
    await stores.migrate_all(found)
    if plan.said_copy:
        await stores.copy_what_is_said(found)
    port = plan.by_way_of.get("postgres")
    return found if port is None else {service: stores.by_way_of(one, port) for service, one in found.items()}


async def _topics(address: str, own_broker: Part | None, plan: Plan) -> str:
    """Makes the topics. Returns their prefix: on a broker that is not ours a fresh story has its own."""
    if own_broker is not None:
        await own_broker.came_up()
    prefix = plan.env.get("MENTORING_TOPIC_PREFIX", "")
    if own_broker is None and plan.fresh:
        prefix = f"{prefix}{uuid.uuid4().hex[:8]}-"
    if plan.only_servers:
        return prefix
    try:
        await topics.ensure(address, prefix)
    except (topics.TopicMismatch, KafkaError) as error:
        raise Trouble(f"The topics on {address} cannot be used: {error}.") from error
    return prefix


def _memory_mb(pid: int, *, alone: bool) -> float:
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for member in [process] if alone else [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += member.memory_full_info().pss
    return total / BYTES_PER_MB

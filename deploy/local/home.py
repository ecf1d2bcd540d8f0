"""The folder of one stack: who holds it, what an earlier run left in it, what lasts from run to run."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.local import leftovers
from deploy.local.child import Trouble

DATA_PREFIX = "mentoring-data-"
BELONGS_TO = "belongs-to"
ORPHANED_AFTER_S = 120.0


@dataclass(frozen=True)
class State:
    """What a later run in the same folder needs: the broker's and the databases' data belong together."""

    id: str
    link_key: str
    postgres_home: str
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Home:
    """The paths of a stack's folder."""

    root: Path

    @property
    def notes(self) -> Path:
        return self.root / "pids"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def kafka(self) -> Path:
        return self.root / "broker"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def tokens(self) -> Path:
        return self.root / "tokens.json"

    @property
    def description(self) -> Path:
        return self.root / "stack.json"

    @property
    def state(self) -> Path:
        return self.root / "state.json"


@contextlib.contextmanager
def held(root: Path) -> Iterator[Home]:
    """Holds the folder for this process alone. Raises Trouble while another stack runs in it.

    The lock is the kernel's: a killed holder holds nothing, so a lock file that is merely there is no matter.
    What a killed run left running is ended.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / "stack.lock").open("a+")
    except OSError as error:
        reason = error.strerror
        raise Trouble(f"The folder {root} cannot be used ({reason}): choose another --dir.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise Trouble(
                f"A stack is running in {root} already (process {holder}): stop it, or choose another --dir."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        home = Home(root.resolve())
        leftovers.end_processes(home.notes)
        home.description.unlink(missing_ok=True)
        for folder in (home.notes, home.logs, home.mail):
            folder.mkdir(exist_ok=True)
        try:
            yield home
        finally:
            home.description.unlink(missing_ok=True)


def lasting(home: Home, *, fresh: bool) -> State:
    """What an earlier run left, if it is whole and wanted; else everything is begun anew."""
    state = None if fresh else _read(home)
    if state is not None and Path(state.postgres_home).is_dir() and home.kafka.is_dir():
        return state
    forget(home)
    remove_orphans()
    state = State(uuid.uuid4().hex, secrets.token_urlsafe(32), str(_postgres_home(home)))
    home.kafka.mkdir(parents=True)
    home.mail.mkdir(exist_ok=True)
    keep(home, state)
    return state


def keep(home: Home, state: State) -> None:
    write_private(home.state, json.dumps(asdict(state)))


def forget(home: Home) -> None:
    """Removes what earlier runs left: records, databases, mails, logs."""
    state = _read(home)
    if state is not None:
        shutil.rmtree(state.postgres_home, ignore_errors=True)
    for folder in (home.kafka, home.mail, home.root / "postgres"):
        shutil.rmtree(folder, ignore_errors=True)
    for log in home.logs.glob("*.log"):
        log.unlink()
    home.state.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replaces a file that only its owner may read, at once."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.replace(half, path)


def _read(home: Home) -> State | None:
    try:
        found = json.loads(home.state.read_text())
        return State(found["id"], found["link_key"], found["postgres_home"], dict(found["ports"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _postgres_home(home: Home) -> Path:
    """Where the database server's user may go: as root that is another, our folder may be closed."""
    if os.geteuid() != 0:
        made = home.root / "postgres"
        made.mkdir(exist_ok=True)
        return made
    made = Path(tempfile.mkdtemp(prefix=DATA_PREFIX))
    (made / BELONGS_TO).write_text(str(home.root))
    made.chmod(0o711)
    return made


def remove_orphans() -> None:
    """Removes databases' data in the temporary folder whose stack's folder is gone or has others by now."""
    for folder in Path(tempfile.gettempdir()).glob(f"{DATA_PREFIX}*"):
        with contextlib.suppress(OSError):
            young = time.time() - folder.stat().st_mtime < ORPHANED_AFTER_S
            if folder.is_symlink() or young or not (folder / BELONGS_TO).is_file():
                continue
            state = _read(Home(Path((folder / BELONGS_TO).read_text())))
            if state is None or Path(state.postgres_home) != folder:
                shutil.rmtree(folder, ignore_errors=True)

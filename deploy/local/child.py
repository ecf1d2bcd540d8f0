"""Processes of our own: each dies with us, leaves a note of itself, and is asked to end before it is killed.

A child gets a signal from the kernel when the process that started it is gone, however that came about. The
kernel means the *thread* that started it: so children are started from the main thread only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from deploy.local import leftovers

PR_SET_PDEATHSIG = 1
POLL_S = 0.02
LOG_BYTES_MAX = 32 << 20


class Trouble(Exception):
    """What stands in the way of the stack, as one sentence for the person who started it."""


@dataclass(eq=False)
class Child:
    """One process. `note` is the file by which a later run finds it; `log` takes what it prints."""

    name: str
    argv: tuple[str, ...]
    log: Path
    note: Path
    directory: Path
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stops_by: signal.Signals = signal.SIGTERM
    orphaned_by: signal.Signals = signal.SIGKILL
    _process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0

    def start(self) -> None:
        """Starts the process; returns at once. Its environment is ours and `env` on top."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.note.parent.mkdir(parents=True, exist_ok=True)
        with _opened_log(self.log) as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env={**os.environ, **self.env},
                start_new_session=True,
                preexec_fn=_leash(os.getpid(), self.orphaned_by),
                **identity(self.user),
            )
        self._started_at = time.monotonic()
        leftovers.write_note(self.note, self._process.pid)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def age_s(self) -> float:
        """Seconds since the last start, alive or not."""
        return time.monotonic() - self._started_at

    @property
    def ended_by(self) -> str:
        """How the last process of this child ended, in words."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return "is running"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def send(self, sig: signal.Signals) -> None:
        if self._process is not None and self.alive:
            self._process.send_signal(sig)

    def freeze(self) -> None:
        """Holds the process as it is: connections stay open and nobody answers."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.send(signal.SIGKILL)
        self._reap(10.0)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Asks the process to end and kills it where it does not."""
        self.ask_to_stop()
        if not self._reap(timeout_s):
            self.kill()
        self.note.unlink(missing_ok=True)

    def ask_to_stop(self) -> None:
        self.send(self.stops_by)
        self.thaw()

    async def stopped(self, timeout_s: float = 10.0) -> float:
        """As `stop`, without holding up the event loop. Returns the seconds it took."""
        began = time.monotonic()
        self.ask_to_stop()
        while self.alive and time.monotonic() - began < timeout_s:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(POLL_S)
        self.stop(timeout_s=0.0)
        return time.monotonic() - began

    def last_words(self, lines: int = 12) -> str:
        """The end of the log, for a message about a process that did not come up."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def _reap(self, timeout_s: float) -> bool:
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True


def _opened_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".old"))
    return path.open("ab")


def identity(user: str | None) -> dict[str, Any]:
    """What `subprocess` needs to start a process as that user, and nobody else's groups."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def run_as(user: str | None, command: Sequence[str], *, directory: Path) -> subprocess.CompletedProcess[str]:
    """Runs a short command to its end, as another user where one is named."""
    return subprocess.run(  # noqa: S603 - our own command lines
        command, capture_output=True, text=True, timeout=120, cwd=directory, **identity(user)
    )


def _leash(parent: int, sig: signal.Signals) -> Callable[[], None]:
    """Runs in the child after it changed its user (which would undo it) and before it becomes the program."""
    libc = ctypes.CDLL(None, use_errno=True)

    def hold() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(sig))
        if os.getppid() != parent:
            os._exit(1)

    return hold


def wait_until(true: Callable[[], bool], child: Child, *, timeout_s: float) -> None:
    """Waits for a started child to be of use. Raises Trouble when it ends instead or takes too long."""
    deadline = time.monotonic() + timeout_s
    while not true():
        _still_hopeful(child, deadline, timeout_s)
        time.sleep(POLL_S)


async def until(true: Callable[[], bool], child: Child, *, timeout_s: float) -> None:
    """As `wait_until`, without holding up the event loop."""
    deadline = time.monotonic() + timeout_s
    while not true():
        _still_hopeful(child, deadline, timeout_s)
        await asyncio.sleep(POLL_S)


def _still_hopeful(child: Child, deadline: float, timeout_s: float) -> None:
    if not child.alive:
        raise Trouble(f"{child.name} {child.ended_by}; its last words ({child.log}):\n{child.last_words()}")
    if time.monotonic() > deadline:
        raise Trouble(f"{child.name} did not come up within {timeout_s:.0f} s; see {child.log}.")

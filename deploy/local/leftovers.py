"""What killed runs leave behind, processes and folders, and how a later run finds and removes it.

A process is noted by number and start time: numbers come round again, the two together do not.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import psutil

HOME_PREFIX = "mentoring-"
OWNER = "owner.json"


def write_note(path: Path, pid: int) -> None:
    """Notes a process in a file, so that `noted` finds it as long as it lives."""
    with contextlib.suppress(psutil.NoSuchProcess):
        path.write_text(json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()}))


def noted(path: Path) -> psutil.Process | None:
    """The process a note speaks of, if it is still that one."""
    try:
        note = json.loads(path.read_text())
        process = psutil.Process(int(note["pid"]))
        same = abs(process.create_time() - float(note["started"])) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


def end_processes(notes: Path) -> list[str]:
    """Ends the processes a killed run left, by the notes in a folder. Returns the names of those alive."""
    found = []
    for path in sorted(notes.glob("*.json")):
        process = noted(path)
        if process is not None:
            found.append(path.stem)
            _end(process)
        path.unlink(missing_ok=True)
    return found


def _end(process: psutil.Process) -> None:
    family = [process]
    with contextlib.suppress(psutil.Error):
        family += process.children(recursive=True)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(family, timeout=10)


def temporary_home(purpose: str) -> Path:
    """A folder of ours in the system's temporary one, which every user may enter; dead runs' folders go."""
    remove_dead_homes(purpose)
    home = Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{purpose}-"))
    write_note(home / OWNER, os.getpid())
    home.chmod(0o711)
    return home


def remove(home: Path) -> None:
    """Removes such a folder; what of it is in use or somebody else's stays."""
    shutil.rmtree(home, ignore_errors=True)


def remove_dead_homes(purpose: str) -> None:
    """Removes such folders whose makers are dead, and ends what still runs from them."""
    for home in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}{purpose}-*"):
        with contextlib.suppress(OSError):
            ours = not home.is_symlink() and home.stat().st_uid == os.geteuid()
            if ours and (home / OWNER).exists() and noted(home / OWNER) is None:
                end_processes(home / "pids")
                remove(home)

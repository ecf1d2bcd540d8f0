"""Starts the miniature's processes quickly: imports everything once and forks at each line it is told.

`python -m tests.chaos.miniature.nursery` reads lines of JSON, answers each with the new process's number, and
tells of every process that ended. Nothing of it outlives the harness.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from typing import Any

from tests.chaos.miniature import lives

PR_SET_PDEATHSIG = 1


def main() -> None:
    def bury(*_: Any) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            tell({"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    signal.signal(signal.SIGCHLD, bury)
    tell({"ready": os.getpid()})
    while line := sys.stdin.readline():
        wish = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if pid == 0:
            be_born(wish)
        tell({"born": pid})
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def tell(what: dict[str, int]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def be_born(wish: dict[str, Any]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    output = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(wish["env"])
    code = 1
    try:
        asyncio.run({"speaker": lives.SPEAKER, "listener": lives.LISTENER}[wish["role"]]())
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()

"""Free ports on the loopback address, below the range from which the kernel takes ports for connections.

A port from that range could be taken by somebody's outgoing connection while its server is being restarted.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping, Sequence

from deploy.local.child import Trouble

HOST = "127.0.0.1"
LOWEST, HIGHEST = 10_000, 32_000
TRIES_MAX = 500


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free(many: int, *, taken: Iterable[int] = ()) -> list[int]:
    """So many different free ports, none of them in `taken`."""
    chance = random.SystemRandom()
    chosen: list[int] = []
    avoid = set(taken)
    for _ in range(TRIES_MAX):
        if len(chosen) == many:
            return chosen
        port = chance.randrange(LOWEST, HIGHEST)
        if port not in avoid and is_free(port):
            chosen.append(port)
            avoid.add(port)
    raise Trouble(f"No {many} free ports were found on {HOST}: stop something that listens.")


def allot(names: Sequence[str], *, base: int | None, remembered: Mapping[str, int]) -> dict[str, int]:
    """A port for each name: `base` and the numbers after it, else those of the last run, else free ones."""
    if base is not None:
        if not 1024 <= base <= 65535 - len(names):
            raise Trouble(f"--port-base {base} leaves no room for {len(names)} ports: choose another.")
        return {name: require_free(base + place, name) for place, name in enumerate(names)}
    kept = {name: remembered[name] for name in names if name in remembered and is_free(remembered[name])}
    missing = [name for name in names if name not in kept]
    return kept | dict(zip(missing, free(len(missing), taken=kept.values()), strict=True))


def require_free(port: int, purpose: str) -> int:
    """The port, if nobody listens there. Raises Trouble."""
    if not is_free(port):
        raise Trouble(
            f"Port {port} (for {purpose}) is taken: stop what listens there, "
            "or choose another range with --port-base."
        )
    return port

"""Lines of the plumbing that are made wrong on purpose, in a copy that comes first on the path."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import infra

FETCHING = (
    '        fetched = await crash.around("consumer.fetch", listening.consumer.getmany(timeout_ms=FETCH_MS))'
)
TAKING = "    outcome = await _apply_until_done(listening, records, stopping)"
FLUSHING = '            await crash.around(f"{work}.flush", tx.flush())'
COMMITTING = (
    '            await crash.around("offsets.commit", '
    "asyncio.wait_for(self.consumer.commit(dict(offsets)), 10))"
)
LEADING = "SELECT pg_try_advisory_lock($2)"


@dataclass(frozen=True)
class Mutant:
    """One line of a module of `shared`, and what stands there instead; `moved` is a line that it replaces."""

    module: str
    line: str
    instead: str
    moved: str | None = None


LONG_FETCHES = Mutant("consumer", "FETCH_MS = 300", "FETCH_MS = 60_000")
"""No fault: a listener that waits so long for records waits across a rebalance for certain."""

MUTANTS: Mapping[str, Mutant] = {
    "inbox off": Mutant(
        "inbox",
        "    return None if None in fresh else fresh",
        "    return None if None in fresh else {event_id for event_id, _, _ in rows}",
    ),
    "offset committed before apply": Mutant(
        "consumer",
        TAKING,
        f"    await listening.commit({{tp: fetched[tp][-1].offset + 1 for tp in parts}})\n{TAKING}",
    ),
    "publish before commit": Mutant(
        "tx", FLUSHING, "            await outbox.write(door.pool, tx._said); tx._said.clear()"
    ),
    "two relays without the lock": Mutant("relay", LEADING, "SELECT $2::bigint > 0"),
    "epoch-drop": Mutant(
        "consumer",
        FETCHING,
        "        subscribed = listening.consumer._subscription.subscription; epoch = subscribed.assignment\n"
        f"{FETCHING}\n"
        "        fetched = fetched if subscribed.assignment is epoch else {}",
    ),
    "commit without offsets": Mutant(
        "consumer", COMMITTING, COMMITTING.replace("commit(dict(offsets))", "commit()")
    ),
    "dedupe by highest id": Mutant(
        "inbox",
        "    FROM heard JOIN way ON NOT barred",
        "    FROM heard JOIN way ON NOT barred WHERE event_id > ALL (SELECT event_id FROM inbox)",
    ),
    "order of a key lost after a park": Mutant(
        "apply",
        "        outcome = await _one(tx, ears, one, behind=(record.topic, record.key) in halted)",
        "        outcome = await _one(tx, ears, one, behind=False)",
    ),
    "wake-up before the commit": Mutant(
        "tx", FLUSHING, f"{FLUSHING}\n            door.bell.ring()", moved="    door.bell.ring()"
    ),
}


def overlay(folder: Path, *mutants: Mutant) -> Path:
    """A folder with a copy of `shared` in which these lines are others; each has to be there exactly once."""
    package = folder / "shared"
    shutil.copytree(
        infra.ROOT / "shared", package, ignore=shutil.ignore_patterns("__pycache__", "schemas", "look")
    )
    for mutant in mutants:
        path = package / f"{mutant.module}.py"
        replace(path, mutant.line, mutant.instead)
        if mutant.moved is not None:
            # The line stands in `instead` as well, further to the right: only the one that is left goes.
            replace(path, mutant.moved, "    pass")
    return folder


def replace(path: Path, line: str, instead: str) -> None:
    lines = path.read_text().splitlines()
    assert lines.count(line) == 1, f"{path.name} has not once but {lines.count(line)} times: {line}"
    lines[lines.index(line)] = instead
    path.write_text("\n".join(lines) + "\n")

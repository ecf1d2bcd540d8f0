"""What a round found, line by line: the pairs, who waits and why, the proof, what it does for each group.

A process writes it down as soon as it knows, also of a run that may still be cancelled; it holds only once
the run says so.
"""

from __future__ import annotations

from services.matching import store
from services.matching.core.ids import RunId
from services.matching.core.outcomes import Outcome
from shared.tx import Connection


async def write(conn: Connection, run_id: RunId, outcome: Outcome) -> None:
    """In place of what was written of the run before."""
    await forget(conn, run_id)
    await store.run_pairs.add(conn, run_id, outcome.pairs)
    await store.runs.add_waiting(conn, run_id, outcome.left)
    await store.runs.add_certificate(conn, run_id, outcome.proven)
    await store.ledger.add(conn, run_id, outcome.ledger)


async def forget(conn: Connection, run_id: RunId) -> None:
    await store.run_pairs.remove(conn, run_id)
    await store.runs.remove_waiting(conn, run_id)
    await store.runs.remove_certificate(conn, run_id)
    await store.ledger.remove(conn, run_id)

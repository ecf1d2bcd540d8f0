"""What follows for programmes and matches when somebody stands otherwise than before."""

from __future__ import annotations

from collections.abc import Sequence

from services.matching import store
from services.matching.commands import programmes
from services.matching.core.weighing import Case
from shared.tx import Tx


async def carry_out(tx: Tx, changed: Sequence[Case]) -> None:
    """Whatever the change of these people asks for; who they were and are is in the cases."""
    known = [case.id for case in changed if case.before is not None]
    if not known:
        return
    for programme_id in await store.programmes.of_people(tx.conn, known):
        await programmes.pool_changed(tx, programme_id)

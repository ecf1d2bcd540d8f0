"""What matching keeps for how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.matching import store
from services.matching.commands import privacy
from services.matching.core.ids import PersonId
from services.matching.core.privacy import Cause
from services.matching.settings import Settings
from shared.retention import Rule
from shared.tx import Tx


def rules(settings: Settings) -> tuple[Rule, ...]:
    wait_days = settings.erasure_wait_days

    async def former(tx: Tx, before: datetime, limit: int) -> int:
        people = await store.retention.former_people(tx.conn, before, limit)
        return await _ask(tx, people, cause="retention", wait_days=wait_days)

    async def asked(tx: Tx, _before: datetime, limit: int) -> int:
        people = await store.retention.asked_by_hr(tx.conn, limit)
        return await _ask(tx, people, cause="hr", wait_days=wait_days)

    return (
        Rule("what facts from HR said", settings.facts_days_kept, _facts),
        Rule("why mentees asked by name", settings.requests_days_kept, _requests),
        Rule("what the audit says", settings.audit_days_kept, _audit),
        Rule("people who have left (their erasure is asked for)", settings.former_people_days_kept, former),
        Rule("people whose erasure HR wants (it is asked for)", None, asked),
    )


async def _ask(tx: Tx, people: Sequence[PersonId], *, cause: Cause, wait_days: int) -> int:
    for person_id in people:
        await privacy.ask(tx, person_id, cause=cause, by=f"matching ({cause})", wait_days=wait_days)
    return len(people)


async def _facts(tx: Tx, before: datetime, limit: int) -> int:
    return await store.retention.forget_facts(tx.conn, before, limit)


async def _requests(tx: Tx, before: datetime, limit: int) -> int:
    return await store.retention.forget_requests(tx.conn, before, limit)


async def _audit(tx: Tx, before: datetime, _limit: int) -> int:
    return await store.audit.forget_before(tx.conn, before)

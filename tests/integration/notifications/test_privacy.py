"""Somebody was erased: they get no mail any more, and a partner's mail names them no longer."""

from __future__ import annotations

from datetime import timedelta

from shared import events
from tests.integration.notifications import world
from tests.integration.notifications.world import MENTEE, MENTOR, World


async def test_U7_who_was_erased_gets_no_mail_and_the_partner_is_told_without_a_name(matched: World) -> None:
    now, then = matched.now, matched.now + timedelta(days=3)
    await matched.hear(world.a_session(now, then), events.PersonErased(at=now, person_id=MENTEE))
    assert await matched.waiting(MENTEE) == {}
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == []
    await matched.hear(
        world.a_person(MENTEE, now, version=9),
        world.a_cancellation(now, then),
        world.an_end(now, reason="left"),
    )
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == []
    assert matched.inbox.kinds(MENTOR) == ["session-scheduled", "session-cancelled", "ended"]
    last = matched.inbox.mails[-1]
    assert last["subject"] == "Your mentoring with A former colleague has ended"
    assert not any("Mia" in mail.as_string() for mail in matched.inbox.mails[1:])
    assert not await matched.door.pool.fetch("SELECT 1 FROM person WHERE person_id = $1", MENTEE)
    receipts = [one for one in await matched.said() if one["topic"] == "person-forgotten"]
    assert [one["removed"] for one in receipts] == [{"person": 1, "message": 4}]

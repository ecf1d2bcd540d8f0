"""Every message once, with one Message-ID, whatever happens to the mail server, the process or the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope

from services.notifications import delivery
from services.notifications.store import deliveries
from shared import envelope, tx
from shared.clock import SteppedClock
from tests.integration.notifications import world
from tests.integration.notifications.world import MENTEE, MENTOR, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@asynccontextmanager
async def delivering(home: World) -> AsyncIterator[asyncio.Task[None]]:
    """The loop of the service at work."""
    task = asyncio.create_task(delivery.deliver(home.door, home.post))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def invite(home: World, many: int) -> None:
    """Invites so many people at once."""
    for number in range(100, 100 + many):
        person = world.PersonId(world.UUID(int=number))
        await home.hear(world.a_person(person, home.now), world.an_invitation(home.now, person))


async def settled(home: World, many: int) -> None:
    async def all_sent() -> bool:
        return sum(row["state"] == "sent" for row in await home.rows()) == many

    await world.until(all_sent)


async def test_a_message_that_is_sent_is_settled_and_said(known: World) -> None:
    event_id = envelope.new_id()
    await known.hear_as(event_id, world.an_invitation(known.now))
    await known.send()
    [row], [said] = await known.rows(), await known.said()
    assert (row["state"], row["attempts"], row["sent_at"]) == ("sent", 1, known.now)
    assert known.inbox.ids() == [f"<{row['id']}@mentoring.example>"]
    assert (said["topic"], said["message_id"], said["kind"]) == ("message-sent", str(row["id"]), "invited")
    assert said["cause"] == event_id, "the story goes on"
    assert not said["calendar"]


async def test_many_messages_go_over_one_connection_in_the_order_in_which_they_are_due(known: World) -> None:
    await invite(known, 120)
    async with delivering(known):
        await settled(known, 120)
    assert known.inbox.connections == 1
    assert known.inbox.ids() == [f"<{row['id']}@mentoring.example>" for row in sorted(await known.rows())]


async def test_the_loop_is_woken_by_a_commit_and_by_the_clock(matched: World) -> None:
    start = matched.now + 3 * DAY
    async with delivering(matched):
        await matched.hear(world.a_session(matched.now, start))
        await world.until(lambda: len(matched.inbox.mails) == 2)
        matched.at(start - DAY)
        await world.until(lambda: len(matched.inbox.mails) == 4)
    assert matched.inbox.kinds(MENTEE) == ["session-scheduled", "reminder-day"]


async def test_nothing_is_sent_before_a_stepped_clock_was_told_the_time(known: World) -> None:
    await known.hear(world.an_invitation(known.now))
    clock = SteppedClock()
    home = replace(known, door=replace(known.door, clock=clock))
    async with delivering(home):
        done, _ = await asyncio.wait([asyncio.create_task(clock.started())], timeout=0.3)
        assert not done
        assert known.inbox.mails == []
        clock.set(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        await world.until(lambda: len(known.inbox.mails) == 1)


async def test_while_the_mail_server_is_away_nothing_is_lost_and_it_is_sent_when_it_is_back(
    known: World,
) -> None:
    await known.inbox.stop()
    await invite(known, 3)
    async with delivering(known):
        away = known.post.meters.mails.labels("away")
        await world.until(lambda: away._value.get() >= 2)
        assert {row["state"] for row in await known.rows()} == {"waiting"}
        assert await deliveries.next_due(known.door.pool) is not None, "a stepped clock waits"  # type: ignore[arg-type]
        await known.inbox.start()
        await settled(known, 3)
    assert len(set(known.inbox.ids())) == len(known.inbox.mails) == 3


async def test_a_connection_that_went_stale_is_replaced_without_a_pause(known: World) -> None:
    await invite(known, 1)
    await known.send()
    known.post.server._connection.close()  # type: ignore[union-attr]
    await known.hear(world.an_invitation(known.now))
    await known.send()
    assert len(known.inbox.mails) == 2


async def test_an_address_in_any_script_is_reached(known: World) -> None:
    await known.hear(
        world.a_person(MENTEE, known.now, version=2).model_copy(update={"email": "françois@x.example"}),
        world.an_invitation(known.now),
    )
    await known.send()
    assert [mail["to"].addresses[0].addr_spec for mail in known.inbox.mails] == ["françois@x.example"]


async def test_a_mail_that_makes_the_server_hang_up_does_not_hold_up_the_others(known: World) -> None:
    known.inbox.hangs_up_on = world.address(MENTEE)
    await known.hear(world.a_proposal(known.now))
    await known.send()
    assert known.inbox.kinds() == ["proposal"]
    [row] = [row for row in await known.rows() if row["state"] == "waiting"]
    assert (row["recipient_id"], row["attempts"], row["error"]) == (MENTEE, 1, "connection-lost")


async def test_a_refusal_for_now_is_tried_again_later(known: World) -> None:
    answers = iter(["451 4.2.1 p1@adventure.example is busy", "452 and again"])
    known.inbox.answer = lambda _mail: next(answers, None)
    await known.hear(world.an_invitation(known.now))
    await known.send()
    [row] = await known.rows()
    assert (row["state"], row["attempts"], row["error"]) == ("waiting", 1, "451 4.2.1")
    assert row["not_before"] is not None
    assert await deliveries.busy(known.door.pool) == 1  # type: ignore[arg-type]
    for attempts in (2, 3):
        await known.door.pool.execute("UPDATE message SET not_before = clock_timestamp()")
        await known.send()
        [row] = await known.rows()
        assert row["attempts"] == attempts
    assert (row["state"], row["error"]) == ("sent", None)
    [said] = await known.said()
    assert said["attempts"] == 3


async def test_refusals_for_now_have_an_end(known: World) -> None:
    known.inbox.answer = lambda _mail: "451 never today"
    home = replace(
        known, post=replace(known.post, settings=known.post.settings.model_copy(update={"attempts_max": 1}))
    )
    await home.hear(world.an_invitation(known.now))
    await home.send()
    assert await home.states() == {"invited": {"failed"}}


async def test_a_refusal_for_good_fails_that_message_alone(known: World) -> None:
    known.inbox.answer = lambda mail: (
        "550 5.1.1 p1@adventure.example is nobody" if world.address(MENTEE) in mail.rcpt_tos else None
    )
    await known.hear(world.a_proposal(known.now))
    await known.send()
    assert known.inbox.kinds(MENTOR) == ["proposal"]
    failed = next(one for one in await known.said() if one["topic"] == "message-failed")
    assert (failed["recipient_id"], failed["reason"]) == (str(MENTEE), "550 5.1.1"), "a code, no address"
    assert {row["state"] for row in await known.rows()} == {"sent", "failed"}


async def test_a_message_that_cannot_be_written_fails_alone(known: World) -> None:
    await known.hear(world.a_proposal(known.now))
    await known.door.pool.execute("UPDATE person SET email = 'nobody' WHERE person_id = $1", MENTEE)
    await known.send()
    assert known.inbox.kinds() == ["proposal"]
    assert {row["state"] for row in await known.rows()} == {"sent", "failed"}


class Killed(BaseException):
    """The process ends here."""


async def test_N1_killed_between_sending_and_settling_it_is_sent_again_with_the_same_message_id(
    known: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invite(known, 3)
    whole = delivery._settle

    async def dies(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(delivery, "_settle", dies)
    monkeypatch.setattr(delivery, "_release", dies)
    with pytest.raises(Killed):
        await delivery.send_batch(known.door, known.post)
    assert len(known.inbox.mails) == 1
    assert await delivery.send_batch(known.door, known.post) == "idle", "the dead one's lease still holds"
    monkeypatch.undo()
    assert delivery._settle is whole
    async with delivering(known):
        await settled(known, 3)
    assert len(known.inbox.mails) == 4, "one copy for one kill"
    assert len(set(known.inbox.ids())) == 3
    assert len(await known.said()) == 3


async def test_another_process_takes_over_when_the_lease_has_run_out(known: World) -> None:
    await invite(known, 1)
    async with tx.transaction(known.door) as unit:
        await deliveries.lease(unit.conn, unit.now, holder="notifications-7", seconds=600, rows_max=10)
    await known.send()
    assert known.inbox.mails == []
    await known.door.pool.execute("UPDATE message SET lease_until = clock_timestamp() - interval '1 s'")
    await known.send()
    assert len(known.inbox.mails) == 1


async def test_two_processes_never_hold_the_same_message(known: World) -> None:
    await invite(known, 30)
    other = replace(
        known, post=replace(known.post, settings=known.post.settings.model_copy(update={"replica": 1}))
    )
    await asyncio.gather(known.send(), other.send())
    assert len(known.inbox.mails) == len(set(known.inbox.ids())) == 30


async def test_a_loop_that_is_stopped_settles_what_it_sent_and_gives_back_the_rest(known: World) -> None:
    reached = asyncio.Event()

    def slow(_mail: Envelope) -> None:
        reached.set()

    known.inbox.answer = slow
    await invite(known, 20)
    async with delivering(known):
        await reached.wait()
    rows = await known.rows()
    assert sum(row["state"] == "sent" for row in rows) == len(known.inbox.mails) < 20
    assert all(row["lease_until"] is None for row in rows)


async def test_a_cancellation_never_overtakes_its_invitation(matched: World) -> None:
    """The invitation is refused for now; the cancellation is due, and waits behind it."""
    start = matched.now + 3 * DAY
    matched.inbox.answer = lambda _mail: "451 not now"
    await matched.hear(world.a_session(matched.now, start))
    await matched.send()
    matched.inbox.answer = lambda _mail: None
    await matched.hear(world.a_cancellation(matched.now, start))
    await matched.send()
    assert matched.inbox.mails == []
    await matched.door.pool.execute("UPDATE message SET not_before = NULL")
    await matched.send()
    for person in (MENTEE, MENTOR):
        assert matched.inbox.kinds(person) == ["session-scheduled", "session-cancelled"]


async def test_after_a_stop_of_hours_what_is_late_still_respects_the_night(known: World) -> None:
    await known.hear(world.a_proposal(known.now))
    known.at(datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
    await known.send()
    assert known.inbox.mails == []
    assert await known.waiting(MENTEE) == {"proposal": datetime(2026, 3, 3, 6, 0, tzinfo=UTC)}


async def test_after_a_stop_of_hours_useless_reminders_are_dropped(matched: World) -> None:
    start = matched.now + 2 * DAY
    await matched.hear(world.a_session(matched.now, start))
    await matched.send()
    matched.at(start + HOUR)
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == ["session-scheduled", "session-over"]
    assert (await matched.states())["reminder-hour"] == {"withdrawn"}


async def test_S67_the_delay_of_a_feedback_request_is_measured(matched: World) -> None:
    start = matched.now + 3 * DAY
    await matched.hear(world.a_session(matched.now, start))
    matched.at(start + HOUR)
    await matched.hear(world.a_completion(matched.now, start))
    matched.at(matched.now + timedelta(minutes=15))
    await matched.send()
    asked = matched.post.meters.delay_seconds.labels("feedback")
    assert asked._sum.get() == 2 * 900
    answer = await matched.client.get("/v1/delivery", headers={"authorization": "Bearer operator"})
    [feedback] = [one for one in answer.json()["kinds"] if one["kind"] == "feedback"]
    assert (feedback["sent"], feedback["delay_s_median"], feedback["delay_s_max"]) == (2, 900, 900)


async def test_the_store_away_while_settling_makes_no_second_copy(
    known: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known.hear(world.an_invitation(known.now))
    whole, failures = deliveries.mark_sent, iter([True, True])

    async def shaky(*args: Any) -> bool:
        if next(failures, False):
            raise ConnectionResetError
        return await whole(*args)

    monkeypatch.setattr(deliveries, "mark_sent", shaky)
    monkeypatch.setattr(delivery, "SETTLE_PAUSE_S", 0.01)
    await known.send()
    assert len(known.inbox.mails) == 1
    assert await known.states() == {"invited": {"sent"}}

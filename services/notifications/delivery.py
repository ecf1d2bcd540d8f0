"""The delivery loop: lease due messages in one transaction, send, settle each in another.

Every message is settled before the next one is sent. So a process that is killed leaves at most one mail that
was sent and not settled; that one is sent again, with the same Message-ID, since SMTP knows no better.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg
from prometheus_client import CollectorRegistry, Counter, Histogram

from services.notifications import core
from services.notifications.channels import letters, mail
from services.notifications.settings import Settings
from services.notifications.store import deliveries, heard, messages
from shared import envelope, events, log
from shared.errors import Transient
from shared.events import MessageId, PersonId
from shared.tx import BROKEN, Door, Tx, transaction

POLL_S = 0.25
SERVER_AWAY_S_MAX = 30.0
SETTLE_TRIES = 20
SETTLE_PAUSE_S = 0.5
DELAYS_S = (1.0, 60.0, 600.0, 1800.0, 3600.0, 14_400.0, 43_200.0, 86_400.0)

Round = Literal["idle", "more", "away"]


@dataclass(frozen=True)
class Meters:
    """Mails by result; business time from what happened to the mail about it."""

    mails: Counter
    delay_seconds: Histogram

    @classmethod
    def on(cls, registry: CollectorRegistry) -> Meters:
        return cls(
            Counter("mentoring_mail", "Mails by result", ("result",), registry=registry),
            Histogram(
                "mentoring_mail_delay_seconds",
                "Business time from the event to its mail",
                ("kind",),
                buckets=DELAYS_S,
                registry=registry,
            ),
        )


@dataclass(frozen=True)
class Post:
    """What the loop works with."""

    settings: Settings
    server: mail.MailServer
    stationery: letters.Stationery
    meters: Meters

    @property
    def holder(self) -> str:
        return f"{self.settings.service}-{self.settings.replica}"


async def deliver(door: Door, post: Post) -> None:
    """Sends what is due, until cancelled; a mail in hand is finished first."""
    await door.clock.started()
    woken = door.bell.listener()
    fresh, failures = True, 0
    try:
        while True:
            woken.clear()
            try:
                if fresh:
                    await release_former(door, post)
                    fresh = False
                outcome = await send_batch(door, post)
            except Transient as error:
                log.warning("deliver", outcome="retry", error=str(error))
                outcome = "away"
            failures = failures + 1 if outcome == "away" else 0
            if outcome == "away":
                await asyncio.sleep(min(core.back_off_s(failures), SERVER_AWAY_S_MAX))
            elif outcome == "idle":
                await _wait(woken, POLL_S)
    finally:
        await post.server.close()


async def _wait(woken: asyncio.Event, timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), timeout_s)


async def release_former(door: Door, post: Post) -> None:
    """A process of this name that died holds nothing any more."""
    async with transaction(door) as tx:
        await deliveries.release_all(tx.conn, post.holder)


async def send_batch(door: Door, post: Post) -> Round:
    """Sends one batch. "away": the mail server was not there, and the rest was given back."""
    if not await _any_sendable(door):
        return "idle"
    until = time.monotonic() + post.settings.lease_s / 2
    batch, names = await _lease(door, post)
    if not batch:
        await asyncio.sleep(POLL_S)
        return "idle"
    left = list(reversed(batch))
    try:
        while left and time.monotonic() < until:
            if await _finished(_handle(door, post, left[-1], names)) == "away":
                return "away"
            left.pop()
    finally:
        with contextlib.suppress(Transient):
            await _release(door, left)
    return "more"


async def _finished(work: Awaitable[mail.Result]) -> mail.Result:
    """Cancelling waits for what is being sent: a mail that is out is also settled."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _any_sendable(door: Door) -> bool:
    """Without a transaction of its own: its end would wake every loop of the process."""
    try:
        async with door.pool.acquire(timeout=door.acquire_timeout_s) as conn:
            return await deliveries.any_sendable(conn, door.clock.now())  # type: ignore[arg-type]
    except (*BROKEN, asyncpg.InterfaceError, OSError) as error:
        raise Transient(f"{type(error).__name__}: {error}") from error


async def _lease(door: Door, post: Post) -> tuple[list[core.Message], letters.Names]:
    settings = post.settings
    async with transaction(door) as tx:
        batch = await deliveries.lease(
            tx.conn,
            tx.now,
            holder=post.holder,
            seconds=settings.lease_s,
            rows_max=settings.lease_rows_max,
        )
        people = {one.notice.recipient_id for one in batch}
        people.update(person for one in batch if one.notice.pair for person in one.notice.pair.people)
        meetings = {one.notice.meeting.session_id for one in batch if one.notice.meeting}
        circles = await heard.taking_part(tx.conn, meetings)
        people.update(person for mentees in circles.values() for person in mentees)
        names = letters.Names(
            await heard.cards(tx.conn, people),
            await heard.programme_names(tx.conn, {one.notice.programme_id for one in batch}),
            circles,
        )
    return batch, names


async def _release(door: Door, left: Sequence[core.Message]) -> None:
    if left:
        async with transaction(door) as tx:
            await deliveries.release(tx.conn, [one.id for one in left])


async def _handle(door: Door, post: Post, message: core.Message, names: letters.Names) -> mail.Result:
    began = time.monotonic()
    _trace(message)
    now = door.clock.now()
    me = names.cards[message.notice.recipient_id]
    due_at = core.now_due(message, me, now)
    if due_at is None or due_at > now:
        await _settled(door, lambda tx: _not_now(tx, message, due_at))
        return "later"
    try:
        recipient = letters.address(me)
        letter = letters.write(post.stationery, message, names, now)
    except letters.CANNOT_WRITE as error:
        log.error("mail", message=message.id, outcome="unwritable", error=repr(error))
        answer = mail.Answer("never", "unwritable")
    else:
        answer = await post.server.send(post.settings.mail_from, recipient, letter)
    await _settle(door, post, message, answer)
    milliseconds = round((time.monotonic() - began) * 1000, 1)
    log.info("mail", message=message.id, kind=message.notice.kind, outcome=answer.result, ms=milliseconds)
    return answer.result


def _trace(message: core.Message) -> None:
    """What is said of a message belongs to the story of the event that caused it."""
    envelope.TRACE.set(envelope.Trace(message.traceparent, message.correlation_id, message.cause))


async def _not_now(tx: Tx, message: core.Message, due_at: datetime | None) -> None:
    if due_at is None:
        await deliveries.drop(tx.conn, message.id)
    else:
        await deliveries.postpone(tx.conn, message.id, due_at)


async def _settle(door: Door, post: Post, message: core.Message, answer: mail.Answer) -> None:
    post.meters.mails.labels(answer.result).inc()
    attempts = message.attempts + 1
    if answer.result == "sent":
        await _settled(door, lambda tx: _sent(tx, post, message))
    elif answer.result == "never" or (answer.result == "later" and attempts >= post.settings.attempts_max):
        await _settled(door, lambda tx: _failed(tx, message, answer.reason))
    elif answer.result == "later":
        pause_s = core.back_off_s(attempts)
        await _settled(door, lambda tx: deliveries.retry_later(tx.conn, message.id, pause_s, answer.reason))
    else:
        log.warning("mail-server", outcome="away", error=answer.reason)


async def _settled(door: Door, save: Callable[[Tx], Awaitable[None]]) -> None:
    """Tries until the store takes it: a mail that was sent and not settled would be sent again."""
    for tried in range(SETTLE_TRIES):
        try:
            async with transaction(door) as tx:
                await save(tx)
            return
        except Transient:
            if tried == SETTLE_TRIES - 1:
                raise
            await asyncio.sleep(SETTLE_PAUSE_S)


async def _sent(tx: Tx, post: Post, message: core.Message) -> None:
    notice = message.notice
    if not await deliveries.mark_sent(tx.conn, message.id, tx.now):
        return
    delay_s = (tx.now - notice.caused_at).total_seconds()
    post.meters.delay_seconds.labels(notice.kind).observe(max(delay_s, 0.0))
    tx.emit(
        events.MessageSent(
            at=tx.now,
            message_id=MessageId(message.id),
            recipient_id=PersonId(notice.recipient_id),
            kind=notice.kind,
            channel=messages.MAIL,
            calendar=notice.calendar,
            due_at=notice.due_at,
            attempts=message.attempts + 1,
        )
    )


async def _failed(tx: Tx, message: core.Message, reason: str) -> None:
    notice = message.notice
    if not await deliveries.mark_failed(tx.conn, message.id, reason):
        return
    tx.emit(
        events.MessageFailed(
            at=tx.now,
            message_id=MessageId(message.id),
            recipient_id=PersonId(notice.recipient_id),
            kind=notice.kind,
            channel=messages.MAIL,
            due_at=notice.due_at,
            attempts=message.attempts + 1,
            reason=reason,
        )
    )

"""The measured service: the product's plumbing around one aggregate. `python -m tests.bench.small serve`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI

from shared import api
from shared.events import Event
from shared.run import main
from shared.service import Handler, InBatches, Service
from shared.settings import Settings as Shared
from shared.tx import Door, Tx
from tests.bench import job

FOLDER = Path(__file__).parent
HEARD = "measured"


class Settings(Shared):
    service = "bench"


@dataclass
class Hearing:
    """Handlers that note when they are called and tell when it was enough."""

    stamps: job.Stamps
    enough: Callable[[], None]

    async def on_sessions_measured(self, events: Sequence[job.SessionMeasured], tx: Tx) -> None:
        if self.stamps.stamp(len(events)):
            self.enough()
        await job.add_up(tx.conn, events)

    async def on_session_measured(self, event: job.SessionMeasured, tx: Tx) -> None:
        if self.stamps.stamp(1):
            self.enough()
        await count_pair(tx, event)

    def in_batches(self) -> Mapping[type[Event], Handler]:
        return {job.SessionMeasured: InBatches(self.on_sessions_measured)}

    def one_by_one(self) -> Mapping[type[Event], Handler]:
        return {job.SessionMeasured: self.on_session_measured}


async def count_pair(tx: Tx, event: job.SessionMeasured) -> None:
    """The one-event handler: locks the pair's row, counts, says so."""
    sessions = await tx.conn.fetchval(job.LOCK_PAIR, event.match_id)
    await tx.conn.execute(job.COUNT_PAIR, event.match_id, sessions + 1, event.ends_at)
    tx.emit(counted(event, sessions + 1))


def counted(event: job.SessionMeasured, sessions: int) -> job.PairCounted:
    return job.PairCounted(
        at=event.at, match_id=event.match_id, programme_id=event.programme_id, sessions=sessions
    )


async def on_sessions_measured(events: Sequence[job.SessionMeasured], tx: Tx) -> None:
    await job.add_up(tx.conn, events)


async def on_pair_counted(event: job.PairCounted, tx: Tx) -> None:
    """Tells who waits for it at the commit, not before: that is what NOTIFY does."""
    await tx.conn.execute("SELECT pg_notify($1, $2)", HEARD, str(event.sessions))


def build(settings: Settings) -> Service:
    def http(door: Door) -> FastAPI:
        return api.application(door, settings, APIRouter(), title="Measured")

    consumers: dict[type[Event], Handler] = {
        job.SessionMeasured: InBatches(on_sessions_measured),
        job.PairCounted: on_pair_counted,
    }
    return Service(settings.service, settings, FOLDER, http, consumers=consumers)


if __name__ == "__main__":
    main(Settings, build)

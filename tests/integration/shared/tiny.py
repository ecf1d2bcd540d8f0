"""The smallest service there is, to be run as a process: `python -m tests.integration.shared.tiny serve`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI

from shared import api
from shared.auth import requires
from shared.events import MatchEnded
from shared.run import main
from shared.service import Service
from shared.settings import Settings
from shared.tx import Door, Tx
from tests.integration.shared.plumbing import a_match, ended


class TinySettings(Settings):
    service = "plumbing"


async def say_slowly(tx: api.InTx, seconds: float = 0.0) -> dict[str, str]:
    """Says that a match ended, after a while."""
    await asyncio.sleep(seconds)
    return {"event_id": str(tx.emit(ended(a_match())))}


async def on_match_ended(event: MatchEnded, tx: Tx) -> None:
    await tx.conn.execute("SELECT 1")


def build(settings: TinySettings) -> Service:
    def http(door: Door) -> FastAPI:
        router = APIRouter()
        router.post("/v1/ended", dependencies=[Depends(requires("matches:write"))])(say_slowly)
        return api.application(door, settings, router, title="Tiny")

    return Service("plumbing", settings, Path(__file__).parent, http, consumers={MatchEnded: on_match_ended})


if __name__ == "__main__":
    main(TinySettings, build)

"""What a route may rely on: its transaction, the answer after the commit, one effect per key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from shared import envelope, tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.shared import notes

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest_asyncio.fixture
async def desk(database: infra.MakeDatabase, tmp_path: Path) -> AsyncIterator[notes.Notes]:
    async for made in notes.opened(await database("plumbing"), tmp_path):
        yield made

"""What one application carries with it, at `app.state.context`: nothing of it is module-level."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from fastapi import FastAPI, Request

from shared.metrics import Metrics
from shared.progress import Progress
from shared.settings import Settings
from shared.tx import Connection, Door

NextDue: TypeAlias = Callable[[Connection], Awaitable[datetime | None]]
Busy: TypeAlias = Callable[[Connection], Awaitable[int]]
Measure: TypeAlias = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True)
class Context:
    """`next_due` and `busy` are asked in the snapshot that answers /quiet, `measure` sets the service's own
    gauges when somebody asks for the metrics. Where the store notes who changed what, `names_actors` has each
    transaction told who comes in."""

    door: Door
    settings: Settings
    folder: Path
    progress: Progress
    metrics: Metrics
    next_due: NextDue | None = None
    busy: Busy | None = None
    measure: Measure | None = None
    names_actors: bool = False


def of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def attach(app: FastAPI, *, progress: Progress, next_due: NextDue | None, busy: Busy | None) -> None:
    """Joins an application to the loops of its process."""
    app.state.context = replace(app.state.context, progress=progress, next_due=next_due, busy=busy)

"""How the processes of all services are, asked of each over HTTP: operations, not business.

Business facts travel in events only; what waits in an outbox or is parked is known to its own process alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from services.analytics.settings import Settings


@dataclass(frozen=True)
class Process:
    """What one process says of itself; without an answer only `answers` is told."""

    service: str
    url: str
    answers: bool
    problems: tuple[str, ...] = ()
    lag: int = 0
    outbox_rows: int = 0
    outbox_age_s: float = 0.0
    parked: Mapping[str, int] = field(default_factory=dict)
    stopped_reason: str | None = None
    stopped_at: datetime | None = None

    @property
    def is_well(self) -> bool:
        return self.answers and not self.problems and self.stopped_reason is None


def client(settings: Settings) -> httpx.AsyncClient:
    """A client of the operations endpoints; the caller closes it."""
    token = settings.plumbing_token.get_secret_value()
    return httpx.AsyncClient(
        timeout=settings.plumbing_timeout_s,
        headers={"Authorization": f"Bearer {token}"},
        limits=httpx.Limits(max_connections=16),
        trust_env=False,
    )


async def ask_all(http: httpx.AsyncClient, urls: Mapping[str, Sequence[str]]) -> tuple[Process, ...]:
    """Every process, by service in the order of the settings; none can hold up the others for long."""
    asked = [_ask(http, service, url) for service, bases in urls.items() for url in bases]
    return tuple(await asyncio.gather(*asked))


async def _ask(http: httpx.AsyncClient, service: str, url: str) -> Process:
    try:
        answer = await http.get(f"{url.rstrip('/')}/v1/plumbing")
        return read(service, url, answer.raise_for_status().json())
    except httpx.HTTPStatusError as error:
        return Process(service, url, answers=False, problems=(f"answers {error.response.status_code}",))
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return Process(service, url, answers=False, problems=("does not answer",))


def read(service: str, url: str, said: Mapping[str, Any]) -> Process:
    """The answer of /v1/plumbing. Where it is something else, one of the errors of looking into it rises."""
    stopped_reason = said["consumer"]["stopped_reason"]
    problems = tuple(
        f"{name}: {check['detail'] or 'not ready'}"
        for name, check in said["ready"].items()
        if not check["ok"] and not (name == "consumer" and stopped_reason)
    )
    return Process(
        service=service,
        url=url,
        answers=True,
        problems=problems,
        lag=int(said["consumer"]["lag"]),
        outbox_rows=int(said["outbox"]["rows"]),
        outbox_age_s=float(said["outbox"]["oldest_age_s"]),
        parked={str(state): int(many) for state, many in said["parked"].items()},
        stopped_reason=stopped_reason,
        stopped_at=_moment(said["consumer"].get("stopped_at")),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

"""Matching on a database of its own: the company, the clock, the jobs, and somebody at its doors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from services.matching import commands, jobs
from services.matching.consumers import CONSUMERS
from services.matching.hris import files
from services.matching.service import build
from services.matching.settings import Settings
from shared import auth, envelope, events, tx
from shared import jobs as loop
from shared.clock import SteppedClock
from tests.unit.matching.builders import a_file, a_row

KEY = "a key for links in tests"
ALL = ["people:read", "people:write", "programmes:read", "programmes:write", "matches:read", "matches:write"]
TOKENS = {
    "admin": ["admin"],
    "organiser": ALL,
    "reader": [scope for scope in ALL if scope.endswith("read")],
    "nobody": [],
    "hr-admin": ["hris:admin"],
}
NINE_TO_FIVE = [{"weekday": day, "starts": "09:00", "ends": "17:00"} for day in range(5)]
NEGOTIATION, SPEAKING, PROGRAMMING = "2.B.1.d", "2.A.1.d", "2.B.3.e"


@dataclass
class World:
    """One service on one database."""

    door: tx.Door
    app: FastAPI
    client: httpx.AsyncClient
    people: dict[str, str] = field(default_factory=dict)
    links: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def kept(self) -> commands.projection.Projections:
        kept: commands.projection.Projections = self.app.state.projections
        return kept

    @property
    def now(self) -> datetime:
        return self.door.clock.now()

    def at(self, now: datetime) -> None:
        """Time goes on."""
        assert isinstance(self.door.clock, SteppedClock)
        self.door.clock.set(now)

    def later(self, **by: float) -> None:
        self.at(self.now + timedelta(**by))

    async def work(self) -> None:
        """All jobs as long as they are due, files that wait, and the rounds that they ask for."""
        for job in jobs.JOBS:
            await loop.run_while_due(self.door, job)
        while await files.take_over_next(self.door):
            pass
        await self.solve()

    async def solve(self) -> None:
        """All runs that wait."""
        while await commands.solving.hold_one(self.door, self.kept):
            pass

    async def next_morning(self) -> None:
        """The next 06:00 UTC, and the round that is held then."""
        tomorrow = (self.now + timedelta(days=1)).replace(hour=6, minute=0)
        self.at(tomorrow if self.now.hour >= 6 else self.now.replace(hour=6, minute=0))
        await self.work()

    async def hear(self, *heard: events.Event) -> None:
        """Each event in a transaction of its own."""
        for event in heard:
            async with tx.transaction(self.door) as unit:
                await CONSUMERS[type(event)](event, unit)  # type: ignore[operator]

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = {**bearer(options.pop("token", "organiser")), **options.pop("headers", {})}
        return await self.client.request(method, path, json=body, headers=headers, **options)

    async def upload(self, content: bytes, **headers: str) -> httpx.Response:
        sent = {**bearer("organiser"), "content-type": "text/csv", **headers}
        return await self.client.post("/v1/people/import", content=content, headers=sent)

    async def hire(self, *rows: str) -> None:
        """Imports the rows and remembers who has which id."""
        answer = await self.upload(a_file(*rows))
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == [], answer.text
        found = await self.door.pool.fetch("SELECT employee_number, id FROM person")
        self.people = {row["employee_number"]: str(row["id"]) for row in found}

    async def open(self, **changes: Any) -> str:
        """A programme; the answer is its id."""
        answer = await self.call("POST", "/v1/programmes", a_programme(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["programme_id"])

    async def enrol(self, programme: str, number: int | str, role: str, **told: Any) -> httpx.Response:
        path = f"/v1/programmes/{programme}/participations"
        return await self.call("POST", path, a_participation(number, role, **told))

    async def pair(self, programme: str, mentee: int | str, mentor: int | str) -> httpx.Response:
        """A match by hand."""
        body = {
            "programme_id": programme,
            "mentee_id": self.people[str(mentee)],
            "mentor_id": self.people[str(mentor)],
        }
        return await self.call("POST", "/v1/matches", body)

    async def matches(self, **which: str) -> list[dict[str, Any]]:
        answer = await self.call("GET", "/v1/matches", params={"limit": "100", **which})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def pairs(self, **which: str) -> list[tuple[str, str]]:
        """(mentee, mentor) by employee numbers, sorted."""
        number = {person_id: number for number, person_id in self.people.items()}
        found = await self.matches(**which)
        return sorted((number[one["mentee_id"]], number[one["mentor_id"]]) for one in found)

    async def waiting(self, programme: str) -> dict[tuple[str, str], tuple[str, str]]:
        """Reason and sentence by (employee number, role)."""
        answer = await self.call("GET", f"/v1/programmes/{programme}/waiting", params={"limit": "100"})
        assert answer.status_code == 200, answer.text
        return {
            (one["employee_number"], one["role"]): (one["reason"], one["sentence"])
            for one in answer.json()["items"]
        }

    async def hold_round(self, programme: str) -> dict[str, Any]:
        answer = await self.call("POST", f"/v1/programmes/{programme}/runs")
        assert answer.status_code == 201, answer.text
        await self.solve()
        return await self.run(answer.json()["run_id"])

    async def run(self, run: str) -> dict[str, Any]:
        answer = await self.call("GET", f"/v1/runs/{run}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def link(self, purpose: str, subject: str, number: int | str, *, days: float = 3, key: str = KEY) -> str:
        """The path of a signed link for an employee; the same one every time, as in one mail."""
        known = (purpose, subject, str(number))
        if known not in self.links:
            until = self.now + timedelta(days=days)
            audience = UUID(self.people[str(number)])
            signed = auth.SignedLink(purpose, UUID(subject), audience, until, envelope.new_id())
            self.links[known] = f"/{purpose}/{auth.mint(key, signed)}"
        return self.links[known]

    async def say(self, match: str, number: int | str, answer: str, **more: str) -> httpx.Response:
        """One side's answer on the proposal page."""
        return await self.client.post(self.link("proposal", match, number), data={"answer": answer, **more})

    async def said(self, *topics: str) -> list[dict[str, Any]]:
        """What was said so far, each with its topic."""
        rows = await self.door.pool.fetch("SELECT topic, payload FROM outbox ORDER BY id")
        heard = [{"topic": row["topic"], **json.loads(row["payload"])} for row in rows]
        return [one for one in heard if not topics or one["topic"] in topics]

    async def snapshot(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        tables = await self.door.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {}
        for name in sorted(row["tablename"] for row in tables):
            rows = await self.door.pool.fetch(f'SELECT t::text AS row FROM "{name}" AS t ORDER BY 1')
            found[name] = [row["row"] for row in rows]
        return found


@asynccontextmanager
async def opened(door: tx.Door, folder: Path) -> AsyncIterator[World]:
    """The service's application on a store; `folder` is for the tokens' file."""
    tokens = folder / f"tokens-{id(door)}.json"
    tokens.write_text(json.dumps([a_token(name, scopes) for name, scopes in TOKENS.items()]))
    settings = Settings(dsn="unused", kafka="unused", link_key=KEY, tokens_file=tokens)  # type: ignore[arg-type]
    app = build(settings).http(door)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://matching") as client:
        yield World(door, app, client)


def a_token(name: str, scopes: Sequence[str]) -> dict[str, object]:
    """A token whose secret is its name."""
    return {"id": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": list(scopes)}


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


def a_company(count: int, **changes: str) -> list[str]:
    """Rows of employees 1 to `count`, each with a manager of their own team who is not among them."""
    return [
        a_row(number, manager_employee_number=str(9000 + number), **changes) for number in range(1, count + 1)
    ]


def a_programme(**changes: Any) -> dict[str, Any]:
    plain = {
        "name": "Career growth",
        "kind": "evergreen",
        "starts_on": "2026-01-01",
        "cadence": "monthly",
        "hours_per_month": 2,
        "session_minutes": 60,
    }
    return {**plain, **changes}


def a_participation(number: int | str, role: str, **told: Any) -> dict[str, Any]:
    """Somebody who wants to negotiate better, or can show how."""
    plain: dict[str, Any] = {
        "employee_number": str(number),
        "role": role,
        "consent": True,
        "goals": [NEGOTIATION] if role != "mentor" else [],
        "skills": {NEGOTIATION: 6} if role != "mentee" else {},
        "languages": ["en"],
        "hours": NINE_TO_FIVE,
    }
    return {**plain, **told}


def a_feedback(match: dict[str, Any], at: datetime, **changes: Any) -> events.FeedbackSubmitted:
    """What the mentee thinks after the first session."""
    plain: dict[str, Any] = {
        "at": at,
        "session_id": envelope.new_id(),
        "match_id": match["match_id"],
        "programme_id": match["programme_id"],
        "ordinal": 1,
        "author_id": match["mentee_id"],
        "author_role": "mentee",
        "about_id": match["mentor_id"],
        "ratings": {"overall": 4, "usefulness": 4, "listening": 4},
        "fit": "good",
    }
    return events.FeedbackSubmitted.model_validate({**plain, **changes})

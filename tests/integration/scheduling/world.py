"""A pair in scheduling's store, the clock, the job loop, and a browser on its pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from services.scheduling import core, jobs, store
from services.scheduling.consumers import CONSUMERS
from services.scheduling.service import build
from services.scheduling.settings import Settings
from shared import auth, envelope, events, tx
from shared import jobs as loop
from shared.clock import SteppedClock
from shared.events import MatchId, ParticipationId, PersonId, ProgrammeId, Role

KEY = "a key for links in tests"
PROGRAMME = ProgrammeId(UUID(int=900))
MENTEE = PersonId(UUID(int=1))
MENTOR = PersonId(UUID(int=2))
MATCH = MatchId(UUID(int=50))
NINE_TO_FIVE = tuple(events.WorkingHours(weekday=day, starts="09:00", ends="17:00") for day in range(5))
TOKENS = {
    "reader": ["sessions:read"],
    "writer": ["sessions:read", "sessions:write"],
    "nobody": ["people:read"],
}


@dataclass
class World:
    """One service on one database. `base` is the address of its pages."""

    door: tx.Door
    app: FastAPI
    client: httpx.AsyncClient
    links: dict[tuple[str, UUID, UUID], str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.door.clock.now()

    def at(self, now: datetime) -> None:
        """Time goes on."""
        assert isinstance(self.door.clock, SteppedClock)
        self.door.clock.set(now)

    async def hear(self, *heard: events.Event) -> None:
        """Each event in a transaction of its own."""
        for event in heard:
            async with tx.transaction(self.door) as unit:
                await CONSUMERS[type(event)](event, unit)  # type: ignore[operator]

    async def work(self) -> None:
        """All jobs as long as they are due."""
        for job in jobs.JOBS:
            await loop.run_while_due(self.door, job)

    async def said(self) -> list[dict[str, Any]]:
        """Everything said so far: the payloads, each with its topic."""
        rows = await self.door.pool.fetch("SELECT topic, payload FROM outbox ORDER BY id")
        return [{"topic": row["topic"], **json.loads(row["payload"])} for row in rows]

    async def topics(self) -> list[str]:
        return [one["topic"] for one in await self.said()]

    async def sessions(self, match_id: MatchId = MATCH) -> list[core.sessions.Session]:
        async with tx.transaction(self.door) as unit:
            return await store.sessions.of_match(unit.conn, match_id)

    def link(
        self, purpose: str, subject: UUID, audience: UUID, *, fresh: bool = False, days: int = 300
    ) -> str:
        """The path of a signed link; the same one every time, as in one mail."""
        known = (purpose, subject, audience)
        if fresh or known not in self.links:
            until = self.now + timedelta(days=days)
            token = auth.mint(KEY, auth.SignedLink(purpose, subject, audience, until, envelope.new_id()))
            self.links[known] = f"/{purpose}/{token}"
        return self.links[known]

    async def confirm(self, who: PersonId, match_id: MatchId = MATCH, **changes: object) -> httpx.Response:
        path = self.link("agreement", match_id, who)
        form = {"hours_per_month": "3", "cadence": "biweekly", "focus": "career", "version": "1"}
        return await self.client.post(path, data={**form, **{k: str(v) for k, v in changes.items()}})

    async def agree(
        self, match_id: MatchId = MATCH, mentee: PersonId = MENTEE, mentor: PersonId = MENTOR
    ) -> None:
        """Both confirm, and a quarter of an hour later the first session is booked."""
        for who in (mentee, mentor):
            answer = await self.confirm(who, match_id)
            assert answer.status_code == 200
        self.at(self.now + timedelta(minutes=15))
        await self.work()

    async def hold(self, match_id: MatchId = MATCH, by: PersonId = MENTEE) -> core.sessions.Session:
        """The open session takes place, and is said to have."""
        open_one = next(s for s in await self.sessions(match_id) if s.state == "scheduled")
        self.at(open_one.ends_at)
        answer = await self.act("happened", open_one, by=by)
        assert answer.status_code == 200
        return open_one

    async def act(
        self, action: str, session: core.sessions.Session, *, by: PersonId = MENTEE, **fields: str
    ) -> httpx.Response:
        form = {"action": action, "session_id": str(session.session_id), "sequence": str(session.sequence)}
        return await self.client.post(self.link("pair", session.match_id, by), data={**form, **fields})

    async def rows(self, table: str) -> list[str]:
        """A table as text."""
        return [
            row[0] for row in await self.door.pool.fetch(f'SELECT t::text FROM "{table}" AS t ORDER BY 1')
        ]

    async def tables(self) -> list[str]:
        rows = await self.door.pool.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        return [row[0] for row in rows]

    async def snapshot(self) -> dict[str, list[str]]:
        return {table: await self.rows(table) for table in await self.tables()}


@asynccontextmanager
async def opened(door: tx.Door, folder: Path) -> AsyncIterator[World]:
    """The service's application on a store; `folder` is for the tokens' file."""
    tokens = folder / "tokens.json"
    tokens.write_text(
        json.dumps(
            [a_token(name, scopes) for name, scopes in TOKENS.items()]
            + [a_token(str(MENTEE), ["sessions:read"])]
        )
    )
    settings = Settings(dsn="unused", kafka="unused", link_key=KEY, tokens_file=tokens)  # type: ignore[arg-type]
    app = build(settings).http(door)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://scheduling") as client:
        yield World(door, app, client)


def a_token(name: str, scopes: list[str]) -> dict[str, object]:
    """A token whose secret is its name."""
    return {"id": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


def a_person(person_id: PersonId, at: datetime, **changes: Any) -> events.PersonChanged:
    plain: dict[str, Any] = {
        "at": at,
        "person_id": person_id,
        "version": 1,
        "employee_number": f"E{person_id.int:04}",
        "given_name": "Mia" if person_id == MENTEE else "Tom",
        "family_name": f"Number{person_id.int}",
        "email": f"p{person_id.int}@example.org",
        "title": "Engineer",
        "department": "Engineering",
        "site": "Madrid",
        "time_zone": "Europe/Madrid",
        "manager_id": None,
        "hire_date": None,
        "status": "active",
    }
    return events.PersonChanged(**{**plain, **changes})


def a_programme(at: datetime, **changes: Any) -> events.ProgrammeChanged:
    plain: dict[str, Any] = {
        "at": at,
        "programme_id": PROGRAMME,
        "version": 1,
        "name": "Career growth",
        "kind": "evergreen",
        "state": "open",
        "starts_on": date(2026, 1, 1),
        "ends_on": None,
        "cadence": "biweekly",
        "hours_per_month": 3,
        "session_minutes": 60,
        "organiser_id": None,
    }
    return events.ProgrammeChanged(**{**plain, **changes})


def a_participant(person_id: PersonId, role: Role, at: datetime, **changes: Any) -> events.ParticipantJoined:
    plain: dict[str, Any] = {
        "at": at,
        "participation_id": ParticipationId(UUID(int=100_000 + 10 * person_id.int + (role == "mentor"))),
        "person_id": person_id,
        "programme_id": PROGRAMME,
        "role": role,
        "version": 1,
        "capacity": 1,
        "languages": ("en",),
        "hours": NINE_TO_FIVE,
    }
    return events.ParticipantJoined(**{**plain, **changes})


def a_match(at: datetime, **changes: Any) -> events.MatchMade:
    plain: dict[str, Any] = {
        "at": at,
        "match_id": MATCH,
        "programme_id": PROGRAMME,
        "mentee_id": MENTEE,
        "mentor_id": MENTOR,
        "version": 2,
        "score": 0.8,
        "cadence": "biweekly",
        "hours_per_month": 3,
        "session_minutes": 60,
        "ends_on": date(2026, 9, 1),
    }
    return events.MatchMade(**{**plain, **changes})


def an_end(at: datetime, **changes: Any) -> events.MatchEnded:
    plain: dict[str, Any] = {
        "at": at,
        "match_id": MATCH,
        "programme_id": PROGRAMME,
        "mentee_id": MENTEE,
        "mentor_id": MENTOR,
        "version": 3,
        "reason": "withdrawn",
    }
    return events.MatchEnded(**{**plain, **changes})


def a_feedback(**changes: str) -> dict[str, str]:
    return {
        "went_well": "You asked good questions.",
        "to_improve": "Send the topics a day before.",
        "encouragement": "Go on like this!",
        "rating_overall": "4",
        "rating_usefulness": "5",
        "rating_listening": "4",
        "fit": "good",
        "share": "partner",
        **changes,
    }


def a_pause(
    person_id: PersonId, role: Role, at: datetime, until: date | None, **changes: Any
) -> events.ParticipantPaused:
    return events.ParticipantPaused(
        **{**_part(person_id, role, at), "until": until, "reason": "leave", **changes}
    )


def a_return(person_id: PersonId, role: Role, at: datetime, **changes: Any) -> events.ParticipantResumed:
    return events.ParticipantResumed(**{**_part(person_id, role, at), "version": 3, **changes})


def a_departure(person_id: PersonId, role: Role, at: datetime, **changes: Any) -> events.ParticipantLeft:
    plain = {**_part(person_id, role, at), "version": 4, "reason": "left-company"}
    return events.ParticipantLeft(**{**plain, **changes})


def _part(person_id: PersonId, role: Role, at: datetime) -> dict[str, Any]:
    joined = a_participant(person_id, role, at)
    return {
        "at": at,
        "participation_id": joined.participation_id,
        "person_id": person_id,
        "programme_id": PROGRAMME,
        "role": role,
        "version": 2,
    }

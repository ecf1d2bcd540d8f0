"""A tiny service for tests of the HTTP door: notes that can be written, read, changed and refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from fastapi import APIRouter, Depends, FastAPI, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import Field, SecretStr

from shared import api, auth, envelope, tx
from shared.auth import Caller, SignedLink, requires, signed
from shared.clock import SteppedClock
from shared.errors import NotFound, Refused, Transient
from shared.events import MatchEnded, MatchId, PersonId, ProgrammeId
from shared.progress import Progress
from shared.settings import Settings
from tests.conftest import BEGINNING

WRITE, READ = requires("people:write"), requires("people:read")
KEY = "a key for links in tests"
WRITER, READER, ADMIN = "writer-token", "reader-token", "admin-token"


class NotesSettings(Settings):
    service = "plumbing"


class NoteRefused(Refused):
    code = "note-refused"


class NewNote(api.Body):
    text: str = Field(min_length=1, max_length=2000)
    stars: int = Field(3, ge=1, le=5)


class Note(api.Body):
    id: UUID
    text: str
    version: int
    written_at: datetime


HOLDER = UUID(int=8)


@dataclass
class Switches:
    """What the notes do when asked: wait before the end, or fail in a certain way."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[Caller] = field(default_factory=list)
    shut_out: set[UUID] = field(default_factory=set)

    async def has_access(self, _conn: tx.Connection, person_id: UUID) -> bool:
        return person_id not in self.shut_out


def an_event(now: datetime, match: UUID) -> MatchEnded:
    return MatchEnded(
        at=now,
        match_id=MatchId(match),
        programme_id=ProgrammeId(UUID(int=1)),
        mentee_id=PersonId(UUID(int=2)),
        mentor_id=PersonId(UUID(int=3)),
        version=1,
        reason="completed",
    )


async def _add(t: tx.Tx, text: str) -> Note:
    row = await t.conn.fetchrow(
        "INSERT INTO note (id, text, written_at) VALUES ($1, $2, $3) RETURNING id, text, version, written_at",
        envelope.new_id(),
        text,
        t.now,
    )
    assert row is not None
    return Note(**row)


def routes(switches: Switches) -> APIRouter:
    router = api.router(prefix="/v1/notes")

    @router.post("", status_code=201, dependencies=[Depends(WRITE)])
    async def write_note(t: api.InTx, body: NewNote, response: Response) -> Note:
        note = await _add(t, body.text)
        t.emit(an_event(t.now, note.id))
        if body.text == "refused":
            raise NoteRefused("this text is refused")
        if body.text == "transient":
            raise Transient("the moon is in the way")
        if body.text == "bug":
            raise ZeroDivisionError("secret detail")
        if body.text == "slow":
            switches.entered.set()
            await switches.go_on.wait()
        response.headers["Location"] = f"/v1/notes/{note.id}"
        return note

    @router.get("", dependencies=[Depends(READ)])
    async def list_notes(t: api.Reading, after: api.Cursor, limit: api.Limit) -> api.Page[Note]:
        at, row_id = after or (BEGINNING - timedelta(days=9999), UUID(int=0))
        rows = await t.conn.fetch(
            "SELECT id, text, version, written_at FROM note WHERE (written_at, id) > ($1, $2)"
            " ORDER BY written_at, id LIMIT $3",
            at,
            row_id,
            limit,
        )
        return api.page([Note(**row) for row in rows], limit, key=lambda note: (note.written_at, note.id))

    @router.get("/{note_id}", dependencies=[Depends(READ)])
    async def get_note(t: api.Reading, note_id: UUID, response: Response) -> Note:
        row = await t.conn.fetchrow("SELECT id, text, version, written_at FROM note WHERE id = $1", note_id)
        if row is None:
            raise NotFound(f"there is no note {note_id}")
        api.etag(response, row["version"])
        return Note(**row)

    @router.patch("/{note_id}")
    async def change_note(
        t: api.InTx,
        note_id: UUID,
        body: NewNote,
        seen: api.IfMatch,
        caller: Annotated[Caller, Depends(WRITE)],
    ) -> Note:
        switches.seen.append(caller)
        version = await t.conn.fetchval("SELECT version FROM note WHERE id = $1 FOR UPDATE", note_id)
        api.check_version(seen, version)
        row = await t.conn.fetchrow(
            "UPDATE note SET text = $2, version = version + 1 WHERE id = $1"
            " RETURNING id, text, version, written_at",
            note_id,
            body.text,
        )
        assert row is not None
        return Note(**row)

    @router.post("/by-reading", dependencies=[Depends(READ)])
    async def write_while_reading(t: api.Reading) -> None:
        await t.conn.execute("INSERT INTO note (id, text, written_at) VALUES ($1, 'x', now())", uuid4())

    return router


def pages() -> APIRouter:
    router = APIRouter()

    @router.get("/note/{token}")
    async def show(link: Annotated[SignedLink, Depends(signed("note"))], t: api.Reading) -> HTMLResponse:
        used = await auth.is_used(t.conn, link)
        return HTMLResponse(f"<h1>{'used' if used else 'open'} {link.subject}</h1>")

    @router.post("/note/{token}")
    async def act(
        link: Annotated[SignedLink, Depends(signed("note"))], t: api.InTx, text: Annotated[str, Form()]
    ) -> HTMLResponse:
        await auth.use_once(t, link)
        if text == "refused":
            raise NoteRefused("This text is refused.")
        await _add(t, text)
        return HTMLResponse("<h1>written</h1>")

    return router


@dataclass
class Notes:
    """The application on a fresh store, and clients for it."""

    app: FastAPI
    door: tx.Door
    progress: Progress
    switches: Switches
    owner_dsn: str

    @asynccontextmanager
    async def client(self, token: str | None = WRITER) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://notes", headers=headers) as client:
            yield client

    async def texts(self) -> list[str]:
        return [
            row["text"] for row in await self.door.pool.fetch("SELECT text FROM note ORDER BY written_at, id")
        ]

    async def said(self) -> int:
        return int(await self.door.pool.fetchval("SELECT count(*) FROM outbox"))

    def link(self, *, purpose: str = "note", expires_at: datetime | None = None) -> str:
        expires = expires_at or BEGINNING + timedelta(days=30)
        link = SignedLink(purpose, UUID(int=7), HOLDER, expires, envelope.new_id())
        return auth.mint(KEY, link)


def tokens_file(folder: Path) -> Path:
    rows = [
        {"id": "writer", "sha256": auth.hash_token(WRITER), "scopes": ["people:write", "people:read"]},
        {"id": "reader", "sha256": auth.hash_token(READER), "scopes": ["people:read"]},
        {"id": "admin", "sha256": auth.hash_token(ADMIN), "scopes": ["admin"]},
    ]
    file = folder / "tokens.json"
    file.write_text(json.dumps(rows))
    return file


def settings(folder: Path, dsn: str, **changes: Any) -> NotesSettings:
    values = {
        "dsn": SecretStr(dsn),
        "kafka": "127.0.0.1:1",
        "clock": "stepped",
        "link_key": SecretStr(KEY),
        "tokens_file": tokens_file(folder),
        **changes,
    }
    return NotesSettings(**values)


def a_door(pool: tx.Pool, clock: SteppedClock | None = None) -> tx.Door:
    """A door at BEGINNING, unless another clock is given."""
    if clock is None:
        clock = SteppedClock()
        clock.set(BEGINNING)
    return tx.Door("plumbing", pool, clock, tx.Bell())


def build(door: tx.Door, made: Settings, owner_dsn: str) -> Notes:
    switches, progress = Switches(), Progress(broker_ok=True)
    rooms = routes(switches), pages()
    app = api.application(
        door, made, *rooms, title="notes", progress=progress, has_access=switches.has_access
    )
    return Notes(app, door, progress, switches, owner_dsn)


async def prepare(owner_dsn: str) -> None:
    """The table of the notes, made by the owner as a migration would."""
    conn = await asyncpg.connect(owner_dsn)
    await conn.execute(
        "CREATE TABLE note (id uuid PRIMARY KEY, text text NOT NULL, version int NOT NULL DEFAULT 1,"
        " written_at timestamptz NOT NULL)"
    )
    await conn.close()

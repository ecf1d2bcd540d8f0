"""The mail sink of the embedded stack: a real SMTP server that keeps every mail as a file, in order."""

from __future__ import annotations

import asyncio
import os
import weakref
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local import ports

SIZE_BYTES_MAX = 10 << 20


class Sink:
    """Keeps mails in `folder` as `000001.eml`, `000002.eml` …; a file that is there is complete."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder
        self.port = port or ports.free(1)[0]
        self._server: asyncio.Server | None = None
        self._conversations: weakref.WeakSet[SMTP] = weakref.WeakSet()
        self._kept = 0

    async def start(self) -> None:
        """Listens, and goes on counting where an earlier sink in this folder stopped."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ports.require_free(self.port, "mail")
        self._kept = max((int(file.stem) for file in self.folder.glob("*.eml")), default=0)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, ports.HOST, self.port)

    async def stop(self) -> None:
        """Nobody answers any more, until `start`: neither on the port nor in a conversation that goes on."""
        if self._server is not None:
            self._server.close()
            for conversation in self._conversations:
                if isinstance(conversation.transport, asyncio.Transport):
                    conversation.transport.abort()
            await asyncio.sleep(0)
            self._server = None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd for each mail; the answer is its SMTP reply."""
        content = envelope.content or b""
        self._kept += 1
        target = self.folder / f"{self._kept:06}.eml"
        half = target.with_suffix(".part")
        half.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.replace(half, target)
        return f"250 Kept as {target.name}"

    def _conversation(self) -> SMTP:
        made = SMTP(self, data_size_limit=SIZE_BYTES_MAX, enable_SMTPUTF8=True, ident="mentoring mail sink")
        self._conversations.add(made)
        return made

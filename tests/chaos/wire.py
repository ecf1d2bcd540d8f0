"""The wire between the services and a server: a TCP proxy that can refuse, hang or cut.

It runs in a thread with a loop of its own, so that whoever holds up the main loop holds up no service.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from deploy.local import ports

Mode = Literal["open", "refuse", "hang"]
T = TypeVar("T")
CALL_TIMEOUT_S = 10.0


class End(asyncio.Protocol):
    """One end of a conversation. What comes in here goes out at `other`."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.wire.ends.add(self)
        if self.wire.mode == "hang":
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self.other is None or self.other.transport is None:
            self.early.append(data)
        else:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        self._close_other()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.wire.ends.discard(self)
        self._close_other()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None and self.wire.mode == "open":
            self.other.transport.resume_reading()

    def join(self, other: End) -> None:
        """From now on the two talk to each other; what came early is handed on."""
        self.other, other.other = other, self
        for end, to in ((self, other), (other, self)):
            for data in end.early:
                assert to.transport is not None
                to.transport.write(data)
            end.early.clear()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _close_other(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Caller(End):
    """The end of whoever calls: it looks for the server as soon as the wire lets it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.wire.mode == "open":
            self.wire.connect(self)
        else:
            self.wire.waiting.append(self)


@dataclass(eq=False)
class Wire:
    """Listens on `port` and leads to `target`. All methods without `_` may be called from any thread."""

    port: int
    target: int
    mode: Mode = "open"
    ends: set[End] = field(default_factory=set)
    waiting: list[Caller] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        threading.Thread(target=self._loop.run_forever, name=f"wire to {self.target}", daemon=True).start()
        self._call(self._listen)

    def stop(self) -> None:
        self._call(self._refuse)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def refuse(self) -> None:
        """Nobody answers on the port, and conversations break."""
        self._call(self._refuse)

    def hang(self) -> None:
        """Connections stay and come about, but nothing gets through any more: a black hole."""
        self._call(self._hang)

    def cut(self) -> None:
        """All conversations break, once."""
        self._call(self._cut)

    def open(self) -> None:
        """Everything gets through again, what hung on the way included."""
        self._call(self._open)

    def connect(self, caller: Caller) -> None:
        task = self._loop.create_task(self._connect(caller))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, caller: Caller) -> None:
        try:
            _, server = await self._loop.create_connection(lambda: End(self), ports.HOST, self.target)
        except OSError:
            caller.abort()
            return
        caller.join(server)
        if caller.transport is None or caller.transport.is_closing():
            server.abort()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await self._loop.create_server(lambda: Caller(self), ports.HOST, self.port)

    async def _refuse(self) -> None:
        self.mode = "refuse"
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _hang(self) -> None:
        self.mode = "hang"
        for end in self.ends:
            if end.transport is not None and not end.transport.is_closing():
                end.transport.pause_reading()

    async def _cut(self) -> None:
        self.waiting.clear()
        for end in list(self.ends):
            end.abort()

    async def _open(self) -> None:
        self.mode = "open"
        await self._listen()
        for end in self.ends:
            if end.transport is not None and not end.transport.is_closing():
                end.transport.resume_reading()
        for caller in self.waiting:
            self.connect(caller)
        self.waiting.clear()

    def _call(self, work: Callable[[], Awaitable[T]]) -> T:
        async def done() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(CALL_TIMEOUT_S)

"""The wire of the campaign does what its faults are named after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.local import ports
from tests.chaos.wire import Wire

ANSWERS_WITHIN_S = 5.0
SILENT_FOR_S = 0.3


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Wire]:
    """A wire to a server that sends back what it is sent."""
    target, port = ports.free(2)
    server = await asyncio.start_server(_echo, ports.HOST, target)
    made = Wire(port, target)
    made.start()
    yield made
    made.stop()
    server.close()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(1 << 16):
        writer.write(said)
        await writer.drain()
    writer.close()


async def test_what_is_sent_gets_through_whole_and_in_order(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection(ports.HOST, wire.port)
    words = b"".join(number.to_bytes(4, "big") for number in range(500_000))
    writer.write(words)
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        assert await reader.readexactly(len(words)) == words
    writer.close()


async def test_a_wire_that_refuses_breaks_conversations_and_takes_no_new_ones(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection(ports.HOST, wire.port)
    await _heard(reader, writer)
    await asyncio.to_thread(wire.refuse)
    assert await _broken(reader)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(ports.HOST, wire.port)
    await asyncio.to_thread(wire.open)
    await _heard(*await asyncio.open_connection(ports.HOST, wire.port))


async def test_a_wire_that_hangs_lets_nothing_through_until_it_is_opened(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection(ports.HOST, wire.port)
    await _heard(reader, writer)
    await asyncio.to_thread(wire.hang)
    late_reader, late_writer = await asyncio.open_connection(ports.HOST, wire.port)
    for one in (writer, late_writer):
        one.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), SILENT_FOR_S)
    await asyncio.to_thread(wire.open)
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        assert await reader.readexactly(5) == b"hello"
        assert await late_reader.readexactly(5) == b"hello"


async def test_a_wire_that_is_cut_breaks_conversations_once(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection(ports.HOST, wire.port)
    await _heard(reader, writer)
    await asyncio.to_thread(wire.cut)
    assert await _broken(reader)
    await _heard(*await asyncio.open_connection(ports.HOST, wire.port))


async def _heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        assert await reader.readexactly(5) == b"hello"


async def _broken(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            return await reader.read(1) == b""
    except ConnectionError:
        return True

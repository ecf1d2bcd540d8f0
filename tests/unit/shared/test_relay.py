"""Where the relay puts a key: on the partition on which everybody else's client would put it."""

from __future__ import annotations

from aiokafka.partitioner import murmur2 as of_the_client
from hypothesis import example, given
from hypothesis import strategies as st

from shared import relay


@given(st.binary(max_size=200))
@example(b"")
@example(b"abc\xff")
def test_the_hash_of_a_key_is_that_of_kafkas_clients(key: bytes) -> None:
    assert relay.murmur2(key) == of_the_client(key) & 0xFFFFFFFF

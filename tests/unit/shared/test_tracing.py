"""One trace from the first request through everything it causes."""

from __future__ import annotations

import re

import pytest

from shared import envelope, tracing

HEARD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_heard_trace_goes_on() -> None:
    with tracing.unit("http", HEARD) as trace:
        assert envelope.TRACE.get() == trace
        assert envelope.trace_id(trace.traceparent) == HEARD.split("-")[1]
    assert envelope.TRACE.get() is None


@pytest.mark.parametrize(
    "heard", [None, "", "nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "00-a-b-01"]
)
def test_without_a_valid_one_a_new_trace_begins(heard: str | None) -> None:
    with tracing.unit("http", heard) as trace:
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", trace.traceparent)
        assert trace.traceparent != heard


def test_two_stories_are_two_traces() -> None:
    with tracing.unit("http", None) as one:
        pass
    with tracing.unit("http", None) as other:
        pass
    assert envelope.trace_id(one.traceparent) != envelope.trace_id(other.traceparent)
    assert one.correlation_id != other.correlation_id


def test_the_trace_ends_with_the_work_also_when_it_fails() -> None:
    with pytest.raises(ValueError, match="broken"), tracing.unit("http", HEARD):
        raise ValueError("broken")
    assert envelope.TRACE.get() is None

"""Log lines are JSON, carry their trace, and are the same for our code and for libraries."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
import structlog

from shared import envelope, log

Lines: TypeAlias = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def test_a_line_says_who_did_what_with_which_outcome(lines: Lines) -> None:
    log.configure("matching", replica=2)
    log.info("match-round", outcome="ok", ms=12.5, event="an event's id")
    (line,) = lines()
    assert line["timestamp"].endswith("Z")
    del line["timestamp"]
    assert line == {
        "action": "match-round",
        "level": "info",
        "service": "matching",
        "replica": 2,
        "outcome": "ok",
        "ms": 12.5,
        "event": "an event's id",
    }


def test_a_line_carries_the_trace_of_the_work_in_hand(lines: Lines) -> None:
    log.configure("matching")
    trace = envelope.new_trace()
    token = envelope.TRACE.set(trace)
    log.info("match-round")
    envelope.TRACE.reset(token)
    log.info("match-round")
    inside, outside = lines()
    assert inside["trace_id"] == envelope.trace_id(trace.traceparent)
    assert inside["correlation_id"] == str(trace.correlation_id)
    assert "trace_id" not in outside


def test_what_is_below_the_level_is_not_written(lines: Lines) -> None:
    log.configure("matching", "warning")
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert [line["action"] for line in lines()] == ["c", "d"]


def test_an_exception_brings_its_stack_and_no_local_values(lines: Lines) -> None:
    log.configure("matching")
    password = "hunter2 is a secret"
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("job", outcome="failed", length=len(password))
    (line,) = lines()
    assert "ValueError: broken" in line["exception"]
    assert password not in line["exception"]


def test_libraries_write_the_same_lines(lines: Lines) -> None:
    log.configure("matching")
    logging.getLogger("aiokafka").warning("a %s", "broker")
    logging.getLogger("aiokafka").info("chatter")
    (line,) = lines()
    assert (line["action"], line["logger"], line["service"]) == ("a broker", "aiokafka", "matching")


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(KeyError, match="LOUD"):
        log.configure("matching", "loud")

"""JSON lines, one per unit of work: an action, its outcome, ids and milliseconds; never personal data.

The trace id comes from the work in hand, so the lines of all services about one story can be joined.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

from shared import envelope

EVENT = "_event"


def configure(service: str, level: str = "INFO", *, replica: int = 0) -> None:
    """Called once by a process that starts; libraries that log the standard way end up in the same lines."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shape = _shape(service, replica)
    structlog.configure(
        processors=[*shape, structlog.processors.format_exc_info, _line],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shape, structlog.stdlib.add_logger_name],
            processors=[_without_internals, structlog.processors.format_exc_info, _line],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def debug(action: str, **fields: object) -> None:
    _say("debug", action, fields)


def info(action: str, **fields: object) -> None:
    _say("info", action, fields)


def warning(action: str, **fields: object) -> None:
    _say("warning", action, fields)


def error(action: str, **fields: object) -> None:
    _say("error", action, fields)


def exception(action: str, **fields: object) -> None:
    """An error with its stack; inside an `except` block."""
    _say("error", action, {"exc_info": True, **fields})


def _say(level: str, action: str, fields: MutableMapping[str, object]) -> None:
    if "event" in fields:  # structlog's own word for the message
        fields[EVENT] = fields.pop("event")
    getattr(structlog.get_logger(), level)(action, **fields)


def _shape(service: str, replica: int) -> list[structlog.typing.Processor]:
    def named(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line.setdefault("service", service)
        line.setdefault("replica", replica)
        trace = envelope.TRACE.get()
        if trace is not None:
            line.setdefault("trace_id", envelope.trace_id(trace.traceparent))
            line.setdefault("correlation_id", str(trace.correlation_id))
        return line

    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.EventRenamer("action", EVENT),
        named,
    ]


def _without_internals(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    line.pop("_record", None)
    line.pop("_from_structlog", None)
    return line


def _line(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> str:
    return orjson.dumps(line, default=str).decode()

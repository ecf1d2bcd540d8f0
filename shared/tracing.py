"""W3C trace context: one trace from the first request through every event it causes.

Spans go through OpenTelemetry's API: without an SDK they cost next to nothing and record nothing, and the
trace parent is passed on all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared import envelope


@contextmanager
def unit(name: str, traceparent: str | None) -> Iterator[envelope.Trace]:
    """One unit of work: what it says and logs belongs to the trace of `traceparent`, or to a new one."""
    carrier = {"traceparent": traceparent} if traceparent else {}
    propagator = TraceContextTextMapPropagator()
    tracer = trace.get_tracer("mentoring")
    with tracer.start_as_current_span(name, context=propagator.extract(carrier)):
        carried: dict[str, str] = {}
        propagator.inject(carried)
        here = envelope.new_trace(carried.get("traceparent"))
        token = envelope.TRACE.set(here)
        try:
            yield here
        finally:
            envelope.TRACE.reset(token)

"""Prometheus metrics of one process: base units, bounded labels, never ids. One registry per application."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
PARKED_STATES = ("failed", "early", "behind", "unreadable", "dead")


@dataclass(frozen=True)
class Metrics:
    """What one process measures. The gauges are read from the store and the loops when they are asked for."""

    registry: CollectorRegistry
    requests: Counter
    request_seconds: Histogram
    outbox_age_seconds: Gauge
    outbox_rows: Gauge
    consumer_lag: Gauge
    parked: Gauge
    store_up: Gauge

    def exposition(self) -> bytes:
        return generate_latest(self.registry)


def build() -> Metrics:
    registry = CollectorRegistry()
    route = ("method", "route")
    return Metrics(
        registry=registry,
        requests=Counter("mentoring_http_requests", "Requests", (*route, "status"), registry=registry),
        request_seconds=Histogram(
            "mentoring_http_request_seconds", "Time to answer", route, buckets=SECONDS, registry=registry
        ),
        outbox_age_seconds=Gauge(
            "mentoring_outbox_oldest_age_seconds", "Age of the oldest event not yet sent", registry=registry
        ),
        outbox_rows=Gauge("mentoring_outbox_rows", "Events not yet sent", registry=registry),
        consumer_lag=Gauge(
            "mentoring_consumer_lag_records", "Records heard of and not applied", registry=registry
        ),
        parked=Gauge("mentoring_parked_events", "Events set aside", ("state",), registry=registry),
        store_up=Gauge("mentoring_store_up", "1 while the database answers", registry=registry),
    )

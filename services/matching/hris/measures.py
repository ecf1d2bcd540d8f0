"""What is measured of HR systems, read from the store when somebody asks for the metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from services.matching import store
from services.matching.hris.credentials import wall_now
from shared.tx import Connection


class Measures:
    """Gauges of one application; a source that is retired is not measured any more."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, help: str) -> Gauge:
            return Gauge(f"mentoring_hris_{name}", help, ("source",), registry=registry)

        self._success = gauge(
            "last_success_timestamp_seconds", "When something of it was last kept, at first when it was made"
        )
        self._silent = gauge("silent_after_seconds", "For how long it may be silent, where that is limited")
        self._expires = gauge("token_expires_timestamp_seconds", "When nothing will open its door any more")
        self._failed = gauge("failed_facts", "Facts that are stored and could not be taken over")
        self._oldest = Gauge(
            "mentoring_hris_oldest_waiting_seconds",
            "Age of the oldest stored fact",
            registry=registry,
        )

    async def read(self, conn: Connection) -> None:
        for gauge in (self._success, self._silent, self._expires, self._failed):
            gauge.clear()
        for source in await store.sources.every(conn):
            if source.retired_at is not None:
                continue
            since = source.last_success_at or source.created_at
            self._success.labels(source.name).set(since.timestamp())
            if source.silent_after_hours is not None:
                self._silent.labels(source.name).set(source.silent_after_hours * 3600)
        for name, ends in (await store.sources.last_expiries(conn, wall_now())).items():
            self._expires.labels(name).set(ends.timestamp())
        for name, many in (await store.received.failed(conn)).items():
            self._failed.labels(name).set(many)
        self._oldest.set(await store.received.oldest_age_s(conn, wall_now()))

"""Made-up people as rows of HR's file, and the zone in which it is day now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from deploy.local.demo.organiser import CSV_COLUMNS

ZONES = (
    "Pacific/Honolulu", "America/Los_Angeles", "America/Sao_Paulo", "Europe/Madrid", "Asia/Kolkata",
    "Asia/Tokyo", "Pacific/Auckland",
)  # fmt: skip
MIDDAY_H = 13


@dataclass(frozen=True)
class Someone:
    """A person of the company; `title` changes with every import that is to be an event."""

    number: str
    title: str

    @property
    def email(self) -> str:
        return f"{self.number}@chaos.example"

    def as_row(self, zone: str) -> str:
        who = f"{self.number},{self.number},Ana{self.number},Moreno,{self.email}"
        return f"{who},{self.title},Sales,Madrid,{zone},,2020-01-01,active,2026-01-01"


def as_csv(people: Iterable[Someone], zone: str) -> str:
    return "\r\n".join((",".join(CSV_COLUMNS), *(person.as_row(zone) for person in people))) + "\r\n"


def zone_by_day(now: datetime | None = None) -> str:
    """Where it is nearest to midday: nobody's quiet hours hold up a mail of the next hours."""
    at = now or datetime.now(UTC)
    return min(ZONES, key=lambda zone: abs(at.astimezone(ZoneInfo(zone)).hour - MIDDAY_H))

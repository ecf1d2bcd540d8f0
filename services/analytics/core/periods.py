"""The time ranges a visitor of the console can choose."""

from __future__ import annotations

from collections.abc import Mapping

PERIODS: Mapping[str, tuple[str, int | None]] = {
    "4w": ("4 weeks", 28),
    "12w": ("12 weeks", 84),
    "26w": ("26 weeks", 182),
    "all": ("All time", None),
}
DEFAULT = "all"


def days_of(period: str) -> int | None:
    """Days of a range by its code; all time for one that does not exist."""
    return PERIODS.get(period, PERIODS[DEFAULT])[1]


def known(period: str) -> str:
    return period if period in PERIODS else DEFAULT

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from shared import run
from shared.clock import SteppedClock, WallClock
from shared.settings import Settings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class AnySettings(Settings):
    service = "any"


def settings(**fields: object) -> Settings:
    return AnySettings(dsn="postgresql://127.0.0.1/any", kafka="127.0.0.1:1", **fields)


def test_a_stepped_clock_stands_still_until_it_is_told() -> None:
    clock = SteppedClock()
    clock.set(NOON)
    assert clock.now() == NOON
    clock.set(NOON + timedelta(minutes=15))
    assert clock.now() == NOON + timedelta(minutes=15)


def test_a_stepped_clock_does_not_go_back_and_wants_a_zone() -> None:
    clock = SteppedClock()
    clock.set(NOON)
    with pytest.raises(ValueError, match="does not go back"):
        clock.set(NOON - timedelta(seconds=1))
    with pytest.raises(ValueError, match="needs a zone"):
        clock.set(datetime(2026, 3, 3))  # noqa: DTZ001 - the point of the test


def test_a_stepped_clock_speaks_utc() -> None:
    clock = SteppedClock()
    clock.set(NOON.astimezone(timezone(timedelta(hours=5, minutes=45))))
    assert clock.now().tzinfo is UTC


def test_production_has_the_wall_clock() -> None:
    assert isinstance(run.clock_of(settings()), WallClock)


def test_a_stepped_clock_is_refused_outside_an_embedded_stack(tmp_path: Path) -> None:
    with pytest.raises(run.CannotStart, match="embedded stack"):
        run.clock_of(settings(clock="stepped"))
    with pytest.raises(run.CannotStart, match="loopback"):
        run.clock_of(settings(clock="stepped", stack_dir=tmp_path, http_host="192.0.2.1"))
    assert isinstance(run.clock_of(settings(clock="stepped", stack_dir=tmp_path)), SteppedClock)

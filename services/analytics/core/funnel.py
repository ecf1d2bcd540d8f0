"""The way of people through a programme: each step counts some of those in the step before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.analytics.core.definitions import FUNNEL
from services.analytics.core.figures import Figure, rate


@dataclass(frozen=True)
class Step:
    """`of_first` and `of_previous` are shares between 0 and 1; None where there is nothing to share."""

    figure: Figure
    of_first: float | None
    of_previous: float | None


def funnel(figures: Mapping[str, Figure]) -> tuple[Step, ...]:
    steps = [figures[code] for code in FUNNEL]
    return tuple(
        Step(step, rate(step.counted, steps[0].counted), rate(step.counted, before.counted))
        for before, step in zip([steps[0], *steps], steps, strict=False)
    )

"""Reverse mentoring: the junior one mentors, so what a programme asks of levels is turned round."""

from __future__ import annotations

from dataclasses import replace

from services.matching.engine import market


def turned(whole: market.Market) -> market.Market:
    """The market with the mentor at least that many levels below instead of above, and so the best gap.

    Turning twice changes nothing.
    """
    asked = whole.rules
    rules = replace(asked, seniority=-abs(asked.seniority), target_gap=-abs(asked.target_gap))
    return replace(whole, rules=rules)

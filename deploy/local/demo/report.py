"""What the story came to, in figures: `report.json`, and a short table for the reader."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from rich.table import Table

from deploy.local.demo import following, proof
from deploy.local.demo.story import Story

AGREEMENT_DUE_DAYS = 14
MET_WITHIN_CADENCES = 1.5
FIGURES = """
SELECT f.figure, count(*) AS rows, count(*) FILTER (WHERE f.counted) AS counted,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY f.amount) AS median
FROM programme p CROSS JOIN LATERAL facts_behind(p.programme_id, $1, '-infinity', $2, $3) f
WHERE f.figure <> 'match-rate' OR p.ends_on IS NULL OR p.ends_on >= $1::date
GROUP BY f.figure
"""
"""Analytics' own definitions over all programmes; who is matched, over those that have not ended."""


@dataclass
class Measured:
    """What only a stopwatch knows; it differs from telling to telling."""

    setup_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_mb: Mapping[str, float] = field(default_factory=dict)


async def of(story: Story, measured: Measured, *, resent_max: int = 0) -> dict[str, Any]:
    """The whole report. `resent_max`: how many mails may have come twice, one per kill of notifications."""
    proven = await proof.of(story.databases, story.mailbox.ids, resent_max=resent_max)
    people, roles = await _enrolled(story.databases["matching"])
    found = await _figures(story.databases["analytics"], story.now)
    said = proven.events
    return {
        "seed": story.seed,
        "simulated_days": (story.now - story.begin).days,
        "wall_seconds": round(measured.wall_seconds, 1),
        "setup_seconds": round(measured.setup_seconds, 1),
        "memory_mb": round(sum(measured.memory_mb.values())),
        "memory_mb_by_process": {name: round(mb) for name, mb in sorted(measured.memory_mb.items())},
        "people": people,
        "mentors": roles.get("mentor", 0),
        "mentees": roles.get("mentee", 0),
        "proposals": said["match-proposed"],
        "matches": said["match-made"],
        "sessions_scheduled": said["session-scheduled"],
        "sessions_completed": said["session-completed"],
        "sessions_missed": said["session-missed"],
        "sessions_moved": said["session-moved"],
        "sessions_cancelled": said["session-cancelled"],
        "feedback_submitted": said["feedback-submitted"],
        "mails": story.mailbox.count,
        "calendar_invitations": story.mailbox.invitations,
        **_rates(found),
        "events": dict(sorted(said.items())),
        "outbox_left": proven.outbox_left,
        "consumer_lag": await _lag(story),
        "parked": proven.parked,
        "lost": proven.lost,
        "doubled": proven.doubled,
        "findings": proven.findings,
        "event_to_effect_ms": percentiles(proven.effect_ms),
        **await _hr(story),
        "pairs_flagged": said["match-flagged"],
        "steps": story.steps,
        "visits": {" ".join(what): many for what, many in sorted(story.crowd.outcomes.items())},
    }


async def _hr(story: Story) -> Mapping[str, Any]:
    """What HR said: the people of the sample, and what is made up; and how soon each fact had its effect."""
    sent, databases = story.office.sent, story.databases
    made_up = Counter(one.kind for one in sent if one.kind != "hire")
    ended = await following.effects_ms(databases, sent, following.ENDS_ACCESS)
    return {
        "hr_facts": await following.counted(databases),
        "hr_facts_made_up": dict(sorted(made_up.items())),
        "hr_fact_to_effect_ms": percentiles(await following.effects_ms(databases, sent)),
        "hr_fact_to_no_access_ms": percentiles(ended),
    }


async def _enrolled(dsn: str) -> tuple[int, Mapping[str, int]]:
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        people = await conn.fetchval("SELECT count(*) FROM person")
        roles = await conn.fetch(
            "SELECT role, count(DISTINCT person_id) AS many FROM participation GROUP BY role"
        )
    finally:
        await conn.close()
    return int(people), {row["role"]: row["many"] for row in roles}


async def _figures(dsn: str, as_of: datetime) -> Mapping[str, Any]:
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        rows = await conn.fetch(FIGURES, as_of, AGREEMENT_DUE_DAYS, MET_WITHIN_CADENCES)
    finally:
        await conn.close()
    return {row["figure"]: row for row in rows}


def _rates(found: Mapping[str, Any]) -> Mapping[str, float | None]:
    return {
        "match_rate": _rate(found, "match-rate"),
        "median_days_to_match": _median(found, "days-to-match"),
        "median_days_to_first_session": _median(found, "days-to-first-session"),
    }


def _rate(found: Mapping[str, Any], figure: str) -> float | None:
    told = found.get(figure)
    return round(told["counted"] / told["rows"], 4) if told and told["rows"] else None


def _median(found: Mapping[str, Any], figure: str) -> float | None:
    return round(found[figure]["median"], 2) if figure in found else None


async def _lag(story: Story) -> int:
    headers = {"authorization": f"Bearer {story.company.tokens.admin}"}
    lag = 0
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as client:
        for url in [url for urls in story.company.http.values() for url in urls]:
            async with client.get(f"{url}/v1/plumbing") as answer:
                lag += int((await answer.json())["consumer"]["lag"])
    return lag


def percentiles(values: Sequence[float]) -> Mapping[str, float | None]:
    """p50 and p99 by nearest rank."""
    ranked = sorted(values)

    def at(part: float) -> float | None:
        return round(ranked[max(0, math.ceil(part * len(ranked)) - 1)], 1) if ranked else None

    return {"p50": at(0.5), "p99": at(0.99)}


def write(report: Mapping[str, Any], directory: Path) -> Path:
    target = directory / "demo" / "report.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n")
    return target


def wrong(report: Mapping[str, Any]) -> str | None:
    """The sentence to end with when something was lost, doubled or parked."""
    bad = {name: report[name] for name in ("lost", "doubled", "parked") if report[name]}
    if not bad:
        return None
    counts = ", ".join(f"{many} {name}" for name, many in bad.items())
    return f"The story is over, but not all went well: {counts}. {'; '.join(report['findings'])}".strip()


def table(report: Mapping[str, Any]) -> Table:
    latency = report["event_to_effect_ms"]
    following_hr = report["hr_fact_to_effect_ms"]
    rate = report["match_rate"]
    events = sum(report["events"].values())
    rows = {
        "people, mentors, mentees": f"{report['people']}, {report['mentors']}, {report['mentees']}",
        "proposals → matches": f"{report['proposals']} → {report['matches']}",
        "matched of those who take part": f"{rate:.0%}" if rate is not None else "–",
        "median days to match, to first session": (
            f"{report['median_days_to_match']}, {report['median_days_to_first_session']}"
        ),
        "sessions booked, held, missed": (
            f"{report['sessions_scheduled']}, {report['sessions_completed']}, {report['sessions_missed']}"
        ),
        "feedback given": str(report["feedback_submitted"]),
        "mails, of them calendar invitations": f"{report['mails']}, {report['calendar_invitations']}",
        "events said, lost, doubled, parked": (
            f"{events}, {report['lost']}, {report['doubled']}, {report['parked']}"
        ),
        "from commit to effect, p50 and p99": f"{latency['p50']} ms, {latency['p99']} ms",
        "facts from HR: people of the sample": str(sum(report["hr_facts"].get("hire", {}).values())),
        "facts from HR: made up": ", ".join(
            f"{many} {kind.replace('-', ' ')}" for kind, many in report["hr_facts_made_up"].items()
        ),
        "from an HR fact to its effect everywhere": f"{following_hr['p50']} ms, {following_hr['p99']} ms",
        "simulated days in seconds": f"{report['simulated_days']} in {report['wall_seconds']}",
        "memory of the whole stack": f"{report['memory_mb']} MB",
    }
    made = Table(title=f"What became of it (seed {report['seed']})", show_header=False)
    for name, value in rows.items():
        made.add_row(name, value)
    return made

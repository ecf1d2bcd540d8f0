"""D4: what every store keeps equals its recount from what was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.chaos.checker.evidence import Evidence, Stores
from tests.chaos.checker.finding import Finding, Stated, stated

VERSIONS = "SELECT person_id, version FROM person"
PROGRAMMES = "SELECT programme_id, version FROM programme"
SESSIONS = "SELECT match_id, count(*) FROM session WHERE {} IS NOT NULL GROUP BY 1"
MATCHES = "SELECT match_id, count(*) FROM match WHERE {} IS NOT NULL GROUP BY 1"
KEPT: Mapping[str, Mapping[str, str]] = {
    "matching": {
        "person-changed": "SELECT id, version FROM person",
        "programme-changed": "SELECT id, version FROM programme",
        "participant-joined": "SELECT person_id, count(*) FROM participation GROUP BY 1",
        # A failed run is found here too: no fault is a reason to fail one.
        "matching-run-finished": """
            SELECT programme_id, count(*) FROM matching_run WHERE state <> 'cancelled' GROUP BY 1""",
        "match-proposed": """
            SELECT id, 1 FROM match WHERE run_id IS NOT NULL OR id IN (SELECT match_id FROM request)""",
        "match-declined": "SELECT id, 1 FROM match WHERE state IN ('declined', 'lapsed')",
        "match-made": "SELECT id, 1 FROM match WHERE made_at IS NOT NULL",
        "match-ended": "SELECT id, 1 FROM match WHERE ended_at IS NOT NULL",
        "feedback-submitted": """
            SELECT m.id, count(*) FROM rating r JOIN match m
            ON r.author_id IN (m.mentee_id, m.mentor_id) AND r.about_id IN (m.mentee_id, m.mentor_id)
            GROUP BY 1""",
    },
    "scheduling": {
        "person-changed": VERSIONS,
        "programme-changed": PROGRAMMES,
        "participant-joined": "SELECT person_id, count(*) FROM participation GROUP BY 1",
        "match-made": "SELECT match_id, 1 FROM agreement",
        "match-ended": "SELECT match_id, 1 FROM agreement WHERE state = 'closed'",
        "session-scheduled": "SELECT match_id, count(*) FROM session GROUP BY 1",
        "session-completed": "SELECT match_id, count(*) FROM session WHERE state = 'completed' GROUP BY 1",
        "session-cancelled": "SELECT match_id, count(*) FROM session WHERE state = 'cancelled' GROUP BY 1",
        "session-missed": "SELECT match_id, count(*) FROM session WHERE state = 'missed' GROUP BY 1",
        "feedback-submitted": """
            SELECT s.match_id, count(*) FROM feedback f JOIN session s USING (session_id) GROUP BY 1""",
    },
    "notifications": {
        "person-changed": VERSIONS,
        "programme-changed": PROGRAMMES,
        "participant-invited": "SELECT recipient_id, count(*) FROM message WHERE kind = 'invited' GROUP BY 1",
        "match-proposed": """
            SELECT match_id, count(*) / 2 FROM message
            WHERE kind IN ('proposal', 'request', 'request-sent') GROUP BY 1""",
        "match-made": "SELECT match_id, count(*) / 2 FROM message WHERE kind = 'matched' GROUP BY 1",
        "match-ended": "SELECT match_id, count(*) / 2 FROM message WHERE kind = 'ended' GROUP BY 1",
        "agreement-confirmed": "SELECT match_id, count(*) / 2 FROM message WHERE kind = 'agreed' GROUP BY 1",
        "session-completed": "SELECT match_id, count(*) / 2 FROM message WHERE kind = 'feedback' GROUP BY 1",
        "message-sent": "SELECT recipient_id, count(*) FROM message WHERE state = 'sent' GROUP BY 1",
        "message-failed": "SELECT recipient_id, count(*) FROM message WHERE state = 'failed' GROUP BY 1",
    },
    "analytics": {
        "person-changed": VERSIONS,
        "programme-changed": PROGRAMMES,
        "participant-invited": "SELECT person_id, count(*) FROM invitation GROUP BY 1",
        "participant-joined": "SELECT person_id, count(*) FROM participant GROUP BY 1",
        "matching-run-finished": "SELECT programme_id, count(*) FROM matching_run GROUP BY 1",
        "match-proposed": MATCHES.format("proposed_at"),
        "match-declined": MATCHES.format("declined_at"),
        "match-made": MATCHES.format("made_at"),
        "match-ended": MATCHES.format("ended_at"),
        "agreement-confirmed": "SELECT match_id, count(*) FROM agreement GROUP BY 1",
        "session-scheduled": SESSIONS.format("scheduled_at"),
        "session-completed": SESSIONS.format("completed_at"),
        "session-missed": SESSIONS.format("missed_at"),
        "session-cancelled": SESSIONS.format("cancelled_at"),
        "feedback-submitted": "SELECT match_id, count(*) FROM feedback GROUP BY 1",
        "message-sent": "SELECT recipient_id, count(*) FROM message WHERE sent_at IS NOT NULL GROUP BY 1",
        "message-failed": "SELECT recipient_id, count(*) FROM message WHERE failed_at IS NOT NULL GROUP BY 1",
    },
}
"""What each store has made of the events of a topic, by key; a card's version counts its changes."""
WRONG_DAYS = """
SELECT d.day, d.figure, d.rows, r.rows AS recounted
FROM daily_figure d
CROSS JOIN LATERAL (
    SELECT count(*) AS rows, count(*) FILTER (WHERE f.counted) AS counted
    FROM facts_behind(
        d.programme_id, (d.day + 1)::timestamptz - interval '1 microsecond', '-infinity', 14, 1.5
    ) f
    WHERE f.figure = d.figure
) r
WHERE d.figure = ANY ($1::text[]) AND (d.rows, d.counted) <> (r.rows, r.counted)
"""
DAILY = ("people", "joined", "matches", "sessions-scheduled", "sessions-completed", "feedback")


async def d4_aggregates_equal_their_recount(stores: Stores, seen: Evidence) -> Stated:
    """Each store keeps for each key as much as was said; closed days stand as they can be recounted."""
    said = Counter((one.topic, one.key) for one in seen.all_said())
    findings: list[Finding] = []
    looked = 0
    for service, queries in KEPT.items():
        for topic, query in queries.items():
            kept = {str(key): many for key, many in await stores[service].fetch(query)}
            wanted = {key: many for (of, key), many in said.items() if of == topic}
            looked += len(wanted)
            findings += _compared(f"{topic} in {service}", kept, wanted)
    days = await stores["analytics"].fetch(WRONG_DAYS, list(DAILY))
    for row in days:
        lost = row["rows"] < row["recounted"]
        told = f"{row['figure']} on {row['day']}"
        findings.append(Finding("lost" if lost else "doubled", 1, "days are closed wrongly", (told,)))
    return stated("D4 aggregates = recount", looked, findings)


def _compared(what: str, kept: Mapping[str, int], wanted: Mapping[str, int]) -> list[Finding]:
    fewer = {key: many - kept.get(key, 0) for key, many in wanted.items() if kept.get(key, 0) < many}
    more = {key: many - wanted.get(key, 0) for key, many in kept.items() if many > wanted.get(key, 0)}
    found = []
    if fewer:
        found.append(Finding("lost", sum(fewer.values()), f"of {what} are missing", tuple(fewer)[:5]))
    if more:
        found.append(Finding("doubled", sum(more.values()), f"of {what} are too many", tuple(more)[:5]))
    return found

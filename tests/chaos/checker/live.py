"""L1: what the live console shows of a closed window equals a count of what was applied."""

from __future__ import annotations

from tests.chaos.checker.evidence import Stores
from tests.chaos.checker.finding import Stated, found, stated

WITHIN_S = 60.0
WINDOWS = """
WITH applied AS (
    SELECT topic, date_bin('10 seconds', record_time, 'epoch') AS starts_at, count(*) AS many
    FROM inbox GROUP BY 1, 2
), shown AS (
    SELECT topic, starts_at, coalesce(recounted, counted, 0) AS many FROM live_window
)
SELECT topic, starts_at, coalesce(a.many, 0) AS applied, coalesce(s.many, 0) AS shown,
       coalesce(a.many, 0) = coalesce(s.many, 0) AS equal,
       starts_at + interval '10 seconds' < clock_timestamp() - make_interval(secs => $1) AS settled
FROM applied a FULL JOIN shown s USING (topic, starts_at)
"""


async def l1_closed_windows_equal(stores: Stores) -> Stated:
    """Windows that have been closed for 60 s."""
    rows = await stores["analytics"].fetch(WINDOWS, WITHIN_S)
    settled = [row for row in rows if row["settled"]]
    wrong = [
        f"{row['topic']} {row['starts_at']:%H:%M:%S}: {row['shown']} not {row['applied']}"
        for row in settled
        if not row["equal"]
    ]
    return stated("L1 live windows", len(settled), found("wrong", "closed windows differ", wrong))

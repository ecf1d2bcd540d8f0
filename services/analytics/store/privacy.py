"""What analytics keeps of people, and what an erasure does to it. Totals stay: ids and codes make them."""

from __future__ import annotations

from collections.abc import Mapping

from shared.privacy import Place

ERASED = (Place("person", "DELETE FROM person WHERE person_id = $1"),)

_IDS = "ids, codes and times"
WITHOUT: Mapping[str, str] = {
    "programme": "names of programmes",
    "person_status": _IDS,
    "invitation": _IDS,
    "participant": _IDS,
    "participation_state": _IDS,
    "match_flag": _IDS,
    "matching_run": "numbers",
    "waiting": _IDS,
    "match": _IDS,
    "agreement": _IDS,
    "session": _IDS,
    "session_plan": _IDS,
    "feedback": "ids, codes and ratings",
    "message": _IDS,
    "daily_figure": "numbers",
    "closed_day": "days",
    "bookkeeping": "times",
    "event_log": "of events only ids and codes are kept, named one by one in core/log.py",
    "live_window": "numbers",
}
"""Tables in which nothing is to be deleted, and why."""

"""What of an event the log keeps: ids, codes, times and ratings, named one by one.

A field that is not named here never enters the log, whatever an event may come to say. Rebuilding a figure
needs no name, no address and nobody's working hours; what is left out has a neutral stand-in when an event is
read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

_PAIR = ("at", "match_id", "programme_id", "mentee_id", "mentor_id")
_PARTICIPATION = ("at", "participation_id", "person_id", "programme_id", "role", "version", "peer")
_SESSION = (*_PAIR, "session_id", "ordinal", "starts_at")

KEPT: Mapping[str, Sequence[str]] = {
    "person-changed": ("at", "person_id", "version", "status"),
    "programme-changed": (
        *("at", "programme_id", "version", "kind", "state", "starts_on", "ends_on"),
        *("cadence", "hours_per_month", "session_minutes"),
    ),
    "participant-invited": ("at", "person_id", "programme_id", "expires_at", "peer"),
    "participant-joined": (*_PARTICIPATION, "capacity"),
    "participant-paused": (*_PARTICIPATION, "until", "reason"),
    "participant-resumed": _PARTICIPATION,
    "participant-left": (*_PARTICIPATION, "reason"),
    "matching-run-finished": (
        *("at", "run_id", "programme_id", "mentees", "mentors", "feasible_pairs", "proposed", "value"),
        *("inputs_hash", "waiting", "peer", "part", "waiting_in_all"),
    ),
    "match-proposed": (
        *(*_PAIR, "version", "score", "answer_by", "requested_by", "group_id"),
        *("peer", "talk_at"),
    ),
    "match-declined": (*_PAIR, "version", "declined_by", "reason"),
    "match-made": (
        *(*_PAIR, "version", "score", "cadence", "hours_per_month", "session_minutes", "ends_on", "group_id"),
        *("peer", "talk_at"),
    ),
    "match-flagged": (*_PAIR, "version", "reason"),
    "match-ended": (*_PAIR, "version", "reason"),
    "match-continued": (*_PAIR, "version"),
    "person-erased": ("at", "person_id"),
    "person-forgotten": ("at", "person_id", "service", "removed"),
    "agreement-confirmed": (
        *("at", "match_id", "programme_id", "version", "hours_per_month", "cadence", "focus"),
    ),
    "session-scheduled": (*_SESSION, "sequence", "ends_at", "mode", "meeting_id"),
    "session-moved": (*_SESSION, "sequence", "ends_at", "mode", "previous_starts_at", "moved_by"),
    "session-cancelled": (*_SESSION, "sequence", "ends_at", "cancelled_by", "late", "reason"),
    "session-missed": (*_SESSION, "reported_by"),
    "session-completed": (*_SESSION, "ends_at"),
    "feedback-submitted": (
        *("at", "session_id", "match_id", "programme_id", "ordinal", "author_id", "author_role", "about_id"),
        *("ratings", "fit"),
    ),
    "message-sent": (
        *("at", "message_id", "recipient_id", "kind", "channel", "calendar", "due_at", "attempts"),
    ),
    "message-failed": ("at", "message_id", "recipient_id", "kind", "channel", "due_at", "attempts"),
}
"""By topic. `reason` of a failed message is a mail server's own words and may hold an address."""

STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "person-changed": {
        **dict.fromkeys(("employee_number", "given_name", "family_name", "email", "title"), ""),
        **dict.fromkeys(("department", "site"), ""),
        "time_zone": "UTC",
        "manager_id": None,
        "hire_date": None,
    },
    "programme-changed": {"name": "", "organiser_id": None},
    "participant-joined": {"languages": (), "hours": ()},
    "message-failed": {"reason": ""},
}
"""By topic, for the fields that an event must have and the log does not."""


@dataclass(frozen=True)
class Logged:
    """One applied event as the log has it. `time` is business time, `record_time` the wall's."""

    event_id: UUID
    topic: str
    key: str
    sequence: int
    type: str
    time: datetime
    record_time: datetime
    payload: Mapping[str, Any]


def whole(logged: Logged) -> Mapping[str, Any]:
    """The fields of the event, with stand-ins for what was not kept."""
    return {**STAND_INS.get(logged.topic, {}), **logged.payload}

"""What matching says when something is heard of a person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared import events
from shared.events import ParticipationId, PersonId
from tests.integration.notifications.world import MATCH, MENTEE, MENTOR, PROGRAMME


def a_pause(
    at: datetime, who: PersonId, until: date | None, *, version: int = 2, **changes: Any
) -> events.ParticipantPaused:
    plain = {**_part(at, who, version), "until": until, "reason": "leave"}
    return events.ParticipantPaused(**{**plain, **changes})


def a_return(at: datetime, who: PersonId, *, version: int = 3) -> events.ParticipantResumed:
    return events.ParticipantResumed(**_part(at, who, version))


def a_departure(at: datetime, who: PersonId, *, version: int = 3) -> events.ParticipantLeft:
    return events.ParticipantLeft(**_part(at, who, version), reason="left-company")


def _part(at: datetime, who: PersonId, version: int) -> dict[str, Any]:
    return {
        "at": at,
        "participation_id": ParticipationId(UUID(int=100 + who.int)),
        "person_id": who,
        "programme_id": PROGRAMME,
        "role": "mentee" if who == MENTEE else "mentor",
        "version": version,
    }


def a_flag(at: datetime) -> events.MatchFlagged:
    return events.MatchFlagged(
        at=at,
        match_id=MATCH,
        programme_id=PROGRAMME,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        version=3,
        reason="reporting-line",
    )
